// What servers say, in their own wording, by what it means: one line each, the server (or the reason why it stands here), ` :: `, and the words.
// [RCPT], [DATA], [MAIL] is the command that was answered, as the report around the words names it. Addresses and hosts are made up.
import type { Category } from '../../src/model-reading.ts';

export interface Said {
  readonly reason: string;
  readonly category: Category;
  readonly diagnostic: string;
  /** The words around it. */
  readonly context: string;
}

const RECIPIENT = `
= address-unknown
any :: [RCPT] 550 5.1.1 Recipient address ann@example.org rejected: there is no one here by that name
Lycos :: [RCPT] 550 5.7.1 ann@example.org: not a valid recipient on this system
any :: [RCPT] 550 Unable to find ann
Vodafone :: [RCPT] 550 5.1.1 Destination mailbox does not exist
any :: [RCPT] 553 5.1.1 <ann@example.org> is not a valid address
Italian :: [RCPT] 550 5.1.1 Utente sconosciuto
Italian :: [RCPT] 550 L'utente non esiste
Dutch :: [RCPT] 550 5.1.1 Gebruiker bestaat niet
Spanish :: [RCPT] 550 No existe ese usuario
French :: [RCPT] 550 Cette adresse n'existe pas
sendmail :: 550 5.1.1 <ann@example.org>... User unknown
Postfix, virtual table :: 550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table
Postfix, local table :: 550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in local recipient table
Postfix, relay table :: 550 5.1.1 <ann@example.org>: Recipient address rejected: User unknown in relay recipient table
Postfix, undeliverable after verification :: 550 5.1.1 <ann@example.org>: Recipient address rejected: undeliverable address: host mx.example.org[192.0.2.1] said: 550 No such user
Gmail :: 550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 unnecessary spaces. Learn more at 550 5.1.1 https://support.google.com/mail/?p=NoSuchUser a1-20020a05 - gsmtp
Exchange 2007 and later :: 550 5.1.1 RESOLVER.ADR.RecipNotFound; not found
Exchange Online :: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.org not found by SMTP address lookup
Exchange Online, directory based edge blocking: 5.4.1 is no routing here :: 550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [DB5EUR01FT0.eop-EUR01.prod.protection.outlook.com]
Outlook.com :: 550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).
Yahoo in answer to RCPT :: [RCPT] 554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - mta.example
AOL :: 550 5.1.1 <ann@aol.com>: Recipient address rejected: aol.com
iCloud :: 550 5.1.1 unknown or illegal alias: ann@example.com
qmail with chkusr :: 550 sorry, no mailbox here by that name (#5.1.1 - chkusr)
qmail itself :: Sorry, no mailbox here by that name. (#5.1.1)
Exim behind cPanel :: [RCPT] 550 "No Such User Here"
Dovecot LMTP :: 550 5.1.1 <ann@example.org> User doesn't exist: ann@example.org
Zimbra :: [RCPT] 550 5.1.1 <ann@example.org>: Recipient address rejected: example.org
Cyrus :: 550-Mailbox unknown. Either there is no mailbox associated with this 550-name or you do not have authorization to see it. 550 5.1.1 User unknown
CommuniGate :: [RCPT] 550 ann@example.org unknown user account
MDaemon :: [RCPT] 550 <ann@example.org>, Recipient unknown
hMailServer :: [RCPT] 550 Unknown user
Lotus Domino :: [RCPT] 550 ann@example.org... No such user
Domino, report of its own router :: User ann (ann@example.org) not listed in Domino Directory
Exchange 5.5 :: The recipient name is not recognized
IMail :: Unknown user: ann@example.org
Mail.Ru :: [RCPT] 550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: user not found
Yandex :: [RCPT] 550 5.7.1 No such user!
NetEase :: [RCPT] 550 User not found: ann@163.com
QQ :: [RCPT] 550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022
GMX :: 550 Requested action not taken: mailbox unavailable For explanation visit http://postmaster.gmx.com/
Comcast: not a relaying refusal :: 550 5.1.1 Not our Customer
Orange, in French :: 550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]
IronPort :: [RCPT] 550 #5.1.0 Address rejected.
Proofpoint :: 550 5.1.1 User Unknown
Mimecast :: [RCPT] 550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550
Barracuda :: 550 permanent failure for one or more recipients (ann@example.org:550 5.1.1 User unknown)
Amazon SES :: 550 5.1.1 user unknown
Zoho :: 550 5.1.1 User does not exist - <ann@example.org>
GoDaddy :: 550 5.1.1 <ann@example.org> Recipient not found.  <http://x.co/irbounce>
German :: [RCPT] 550 Empfaenger unbekannt - Empfänger unbekannt
Spanish :: 550 5.1.1 El usuario no existe
Portuguese without accents :: [RCPT] 550 Usuario nao encontrado
Russian :: [RCPT] 550 Пользователь не найден
Chinese :: 550 5.1.1 收件人不存在
5.2.1 in answer to RCPT :: [RCPT] 550 5.2.1 <ann@example.org>... User Unknown
Facebook :: 550 5.1.1 RCP-P1 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#rcp Recipient address does not exist
Sun Messaging Server :: 550 5.1.1 unknown or illegal alias: ann@example.org
Kerio :: [RCPT] 550 5.1.1 <ann@example.org>: Recipient address rejected: Mailbox not found
Axigen :: [RCPT] 550 <ann@example.org>: recipient address not accepted: no such user
SmarterMail :: [RCPT] 550 <ann@example.org> No such user here
Mailenable :: [RCPT] 550 Requested action not taken: mailbox unavailable or not local
OpenSMTPD :: 550 5.1.1 Invalid recipient: <ann@example.org>
Haraka :: [RCPT] 550 I cannot deliver mail for {ann@example.org}, no such user
James :: [RCPT] 550 5.7.1 Unknown user: ann@example.org
Cisco ESA with LDAP :: [RCPT] 550 5.1.1 RCPT TO <ann@example.org> Unknown recipient
Fortimail :: 550 5.1.1 User unknown: ann@example.org
Sophos :: [RCPT] 550 Address verification failed: no such user ann@example.org
Exim callout :: [RCPT] 550-Verification failed for <ann@example.org> 550-Called: 192.0.2.1 550-Sent: RCPT TO:<ann@example.org> 550-Response: 550 5.1.1 User unknown 550 Invalid recipient
Naver :: [RCPT] 550 5.1.1 No such recipient here ann@naver.com
Daum :: [RCPT] 550 5.1.1 <ann@hanmail.net>: user not found
Libero :: 550 5.1.1 <ann@libero.it> recipient rejected
Telenet :: 550 5.1.1 <ann@telenet.be> user unknown
UOL :: [RCPT] 550 5.1.1 <ann@uol.com.br>: Recipient address rejected: User unknown in virtual alias table
Seznam :: [RCPT] 550 5.1.1 Mailbox does not exist
WP :: [RCPT] 550 Nie ma takiego uzytkownika
T-Online :: [RCPT] 550 user unknown
softbank :: [RCPT] 550 Invalid recipient: <ann@i.softbank.example>
Sina :: [RCPT] 550 5.1.1 User unknown in local recipient table
Alibaba :: [RCPT] 550 Mailbox not found or access denied
Google Groups of a Workspace, in English from the report :: The email address you entered couldn't be found. Please check the recipient's email address and try to resend the message.
Gmail's own report :: Your message wasn't delivered to ann@example.org because the address couldn't be found, or is unable to receive mail.
Office 365's own report :: ann@example.org wasn't found at example.org.
= domain-unknown
sendmail :: 550 5.1.2 <ann@nowhere.example>... Host unknown (Name server: nowhere.example: host not found)
Postfix :: Host or domain name not found. Name service error for name=nowhere.example type=AAAA: Host not found
qmail :: Sorry, I couldn't find any host named nowhere.example. (#5.1.2)
qmail without MX :: Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)
Exim :: all relevant MX records point to non-existent hosts
Exim, router :: Unrouteable address
Exim, null MX :: an MX or SRV record indicated no SMTP service
Postfix, null MX (RFC 7505) :: Domain nowhere.example does not accept mail (nullMX)
RFC 7505 :: 556 5.1.10 Recipient address has null MX
Gmail :: DNS Error: 1234 DNS type 'mx' lookup of nowhere.example responded with code NXDOMAIN Domain name not found: nowhere.example
Exchange Online :: 550 5.4.310 DNS domain nowhere.example does not exist [Message=InfoDomainNonexistent]
RFC 7504 :: 521 5.3.2 host does not accept mail
Exim :: host lookup did not complete is not this; nxdomain: host nowhere.example not found
Microsoft :: 550 5.1.2 Recipient domain does not exist
C library :: getaddrinfo: Name or service not known
Yahoo :: unable to deliver to nowhere.example: no such domain
= address-moved
RFC 5321 551 :: 551 5.1.6 User not local; please try <ann@example.net>
sendmail REDIRECT :: 551 5.1.6 User has moved; please try <ann@example.net>
code alone :: 550 5.1.6 ann
Exchange forwarding :: 550 5.1.6 recipient no longer on server: ann@example.org
Domino :: ann has moved to a new address: her new address is ann@example.net
= mailbox-disabled
Cox :: 550 5.1.1 ann@cox.net Account not active
any :: 550 5.2.1 User ann@example.org is suspended
any :: 550 5.2.1 The mailbox for ann is disabled
Kerio :: 550 5.1.1 Mailbox ann is disabled
Gmail :: 550 5.2.1 The email account that you tried to reach is disabled. Learn more at https://support.google.com/mail/?p=DisabledUser a1 - gsmtp
Gmail, inactive :: 550 5.2.1 The email account that you tried to reach is inactive. Learn more at https://support.google.com/mail/?p=InactiveUser a1 - gsmtp
Yahoo :: 554 delivery error: dd Sorry your message to ann@yahoo.com cannot be delivered. This account has been disabled or discontinued [#102].
Mail.Ru :: 550 Access to this account is disabled
Mail.Ru :: [RCPT] 550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: account is disabled
vpopmail :: vdelivermail: account is locked email bounced
Exim behind cPanel :: [RCPT] 550 Account ann@example.org has been suspended
Zoho :: 554 5.2.1 <ann@example.org> Account is Inactive
RFC 5248 x.7.13 :: 525 5.7.13 <ann@example.org>: Disabled recipient address
Libero :: 550 5.2.1 <ann@example.org> mailbox disabled
NetEase :: 550 User suspended
Chinese :: 550 帐号被禁用
Earthlink :: 550 This mailbox is disabled
Hotmail :: 550 5.2.1 mailbox unavailable: account has been deactivated
Mail.Ru :: 550 Message was not accepted -- invalid mailbox. Local mailbox ann@mail.ru is unavailable: user is terminated
La Poste, in French :: 550 5.2.1 Boite du destinataire archivee. Archived recipient (in reply to RCPT TO command)
Rambler :: 550 5.7.1 recipient <ann@rambler.ru> is blocked due to inactivity
Free.fr :: 550 5.2.1 This mailbox has been blocked due to inactivity
Cyrus :: 550 5.2.1 mailbox disabled, not accepting messages
Exchange store driver :: 550 5.2.1 STOREDRV.Deliver; mailbox disabled
= mailbox-full
any :: 550 5.2.2 Over limit: the recipient's mailbox has reached its maximum size
Unix :: 552 5.2.2 Quota exceeded for user ann
Verio :: 552 ann's mailbox is full
Horde :: Mail quota exceeded
Nifty :: 552 5.2.2 The user's mail box is full
Hanmail :: 552 5.2.2 mailbox quota exceeded
Gmail :: 552-5.2.2 The email account that you tried to reach is over quota. Please direct 552-5.2.2 the recipient to 552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm a1 - gsmtp
Gmail, new wording :: 552-5.2.2 The recipient's inbox is out of storage space. Please direct the 552-5.2.2 recipient to 552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm - gsmtp
Exchange store :: 554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception
Yahoo :: 552 1 Requested mail action aborted, mailbox not found: ann: over quota
iCloud :: 552 5.2.2 <ann@icloud.com>: user is over quota
Dovecot :: 552 5.2.2 <ann@example.org> Quota exceeded (mailbox for user is full)
Postfix virtual :: maildir delivery failed: User disk quota exceeded
Postfix pipe to maildrop :: temporary failure. Command output: maildrop: maildir over quota.
Exim :: mailbox is full: retry timeout exceeded
Courier :: 552 5.2.2 The recipient mailbox has exceeded their quota
Cyrus :: 552 5.2.2 Over quota SESSIONID=<1>
Zimbra :: 552 5.2.2 Over quota
web.de :: 552 Requested mail action aborted: exceeded storage allocation
Symantec :: 452 4.2.2 The email account that you tried to reach is over quota
German :: 552 Das Postfach ist voll
French :: 552 5.2.2 Boîte aux lettres pleine
Spanish :: [RCPT] 550 El buzón está lleno
Italian :: 552 Casella piena
Russian :: 552 Почтовый ящик переполнен
Japanese :: 宛先のメールボックスが一杯のため、お届けできませんでした。
Chinese :: 550 收件箱已满
docomo says of a full mailbox that the mail is too much :: 552 5.2.2 Too much mail data ann@docomo.example
Verizon :: 452 4.2.2 The recipient's mailbox is over its storage limit
Bell :: 552 5.2.2 user has too many messages on the server
Virgin :: 552 RCPT TO:<ann@example.org> Mailbox disk quota exceeded
MDaemon :: 452 Mailbox full: quota exceeded
qmail :: user is over quota
vpopmail :: 552 user is over quota #5.2.2
Zoho :: 552 5.2.2 Account quota exceeded
Free.fr :: 552 5.2.2 Quota exceeded
mail.com :: 452 Requested action not taken: insufficient storage for ann@example.org
KDDI :: 送信先のメールボックスが一杯です
Seznam :: 552 5.2.2 Schránka je plná
Turkish :: 552 Posta kutusu dolu
= recipient-refused
no command known: may be a pretence :: 550 user unknown
docomo refuses after DATA for the settings of the recipient :: [DATA] 550 Unknown user ann@docomo.example
5.2.1 after DATA :: [DATA] 550 5.2.1 <ann@example.org>... User Unknown
badrcptto of qmail :: 553 sorry, your envelope recipient is in my badrcptto list (#5.7.1)
Facebook :: 550 5.1.1 RCP-P2 http://postmaster.facebook.com/response_codes Refused due to recipient preferences
QQ :: 550 Mail is rejected by recipients
Amazon SES :: Amazon SES did not send the message to this address because it is on the suppression list for your account.
`;

const MESSAGE = `
= message-too-large
Postfix :: 552 5.3.4 Message size exceeds fixed limit
sendmail :: 552 5.2.3 Message size exceeds fixed maximum message size (10485760)
Exim :: 552 Message size exceeds maximum permitted
Exchange :: 550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient
Gmail :: 552-5.3.4 Your message exceeded Google's message size limits. Please visit 552 5.3.4 https://support.google.com/mail/?p=MaxSizeError - gsmtp
Postfix, its own queue :: message size 20971520 exceeds size limit 10240000 of server mx.example.org[192.0.2.1]
NetEase: not the mailbox :: 552 Requested mail action aborted: exceeded mailsize limit
German :: 552 Nachricht zu groß
French :: 552 Message trop volumineux
Domino :: 552 Message exceeds the maximum size
MDaemon :: 552 Message size exceeds maximum allowed (10240 KB)
Yahoo :: 552 Message size exceeds fixed maximum message size (26214400)
iCloud :: 552 5.3.4 Message size exceeds fixed limit
IronPort :: 552 #5.3.4 message size exceeds limit
Outlook :: 5.3.4 SMTP; 552 5.3.4 Message too big for system
= spam-content
any :: 550 5.7.1 Sorry, this message looks like spam to us
any :: 554 5.7.1 This message has been blocked because it contains a URL listed in uribl.com
Hotmail :: 550 5.7.1 Your email was flagged as spam by the content filter
GMX :: 554 Transaction failed. Message rejected: considered spam
SpamAssassin :: 550 This message scored 9.1 spam points
amavis :: 554 5.7.0 Reject, id=12345-01 - SPAM
Barracuda :: 550 5.7.1 Message content rejected, UBE, id=12345-01
SpamAssassin behind Exim :: [DATA] 550 This message was classified as SPAM and may not be delivered
rspamd :: 554 5.7.1 Spam message rejected
Gmail :: 550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked. 550 5.7.1 https://support.google.com/mail/?p=UnsolicitedMessageError - gsmtp
Mail.Ru :: 550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=abc or report details to abuse@corp.mail.ru.
Yandex :: 554 5.7.1 Message rejected under suspicion of SPAM; https://ya.cc/1IrBc
NetEase :: 554 DT:SPM 163 smtp1,abc please see http://mail.163.com/help/help_spam_16.htm
QQ :: 550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726
Orange :: 550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]
Spamhaus DBL names a domain of the text :: 554 5.7.1 Blocked; see https://www.spamhaus.org/query/dbl?domain=example.com
SURBL :: 554 5.7.1 URL in message listed in multi.surbl.org
Cyren :: [DATA] 554 5.7.1 Message identified as SPAM
SpamTitan :: [DATA] 554 5.7.1 Rejected: message scored as spam
Mimecast :: 554 Email rejected due to security policies - MCSpamSignature.x.x spam signature
Proofpoint :: 554 5.7.0 Your message could not be delivered: detected as spam
MailMarshal :: 550 Message was refused by SpamProfiler: identified as spam
Exchange Online :: 550 5.7.1 Message rejected as spam by Content Filtering.
GMX :: 554 Transaction failed Reject due to spam content. For explanation visit https://postmaster.gmx.net/
Seznam :: 554 5.7.1 message considered spam
Korean :: 554 5.7.1 스팸 메일로 분류되었습니다
= content-rejected
Exim :: 550 Message contains an executable attachment
Barracuda :: 554 5.7.1 Attachment not allowed: invoice.exe
Sophos :: 554 5.7.1 Your message was infected with Mal/Generic
ClamAV behind Exim :: 550 This message contains a virus (Eicar-Test-Signature).
amavis :: 554 5.7.0 Reject, id=12345-01 - INFECTED: Eicar-Test-Signature
amavis, banned file :: 554 5.7.0 Bounce, id=12345-01 - BANNED: .exe
Gmail :: 552-5.7.0 This message was blocked because its content presents a potential 552-5.7.0 security issue. Please visit 552 5.7.0 https://support.google.com/mail/?p=BlockedMessage - gsmtp
Gmail :: 550-5.7.1 [192.0.2.1] Messages with multiple addresses in From: 550 5.7.1 header are not accepted. - gsmtp
sendmail :: 552 5.6.0 Headers too large (32768 max)
Exchange Online :: 550 5.6.11 InvalidCharacters; Bare linefeeds are not allowed in message
RFC 6531 :: SMTPUTF8 is required, but was not offered by host mx.example.org[192.0.2.1]
Mimecast :: 554 Email rejected due to security policies - malware found
GMX :: 554 Transaction failed For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=hi
Exim :: 550 Message headers fail syntax check: invalid header
Postfix header check :: 550 5.7.1 message has a bare newline
sendmail :: 553 5.6.0 Header error: malformed header
Gmail :: 550-5.7.1 Our system has detected that this message is not RFC 5322 550-5.7.1 compliant: duplicate headers. https://support.google.com/mail/?p=RfcMessageNonCompliant
Messagelabs :: 552 attachment type .exe is not allowed
qmail-scanner :: 554 mail contains a virus
NetEase :: 552 Illegal Attachment
`;

const SENDER = `
= sender-reputation
Fasthosts :: 550 5.7.1 Mail from 192.0.2.1 has been denied due to poor IP reputation
Ionos :: 554-perfora.net (mxeueus001) Nemesis ESMTP Service not available 554-No SMTP service 554 invalid DNS PTR resource record, IP=192.0.2.1
SpamRats :: 550 REJECTED - SpamRats - http://www.spamrats.com/bl?192.0.2.1
Hetzner :: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked by bl.example; listed, see example
Trend :: 550 5.7.1 Mail from 192.0.2.1 deferred using Trend Micro Email Reputation database. Please see <http://www.mail-abuse.com/cgi-bin/lookup?192.0.2.1>
Sendmail check :: 553 5.3.0 <bob@example.com>... Spam blocked see: http://spamcop.net/bl.shtml?192.0.2.1
Interia :: 550 5.7.1 Client host rejected: your IP has no reverse DNS entry
Exchange :: 550 5.7.1 Message rejected as spam source; connecting host 192.0.2.1 is on a block list
Strato :: 550 5.7.1 Refused by local policy. No SPAM please! (Your IP is listed in a RBL)
Qq :: 550 Suspected spam ip. http://service.mail.qq.com
Postfix with Spamhaus :: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1
Postfix with SpamCop :: [RCPT] 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net; Blocked - see https://www.spamcop.net/bl.shtml?192.0.2.1
Barracuda :: 554 Service unavailable; Client host [192.0.2.1] blocked using Barracuda Reputation; http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1
Outlook.com :: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150). You can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.
Outlook.com :: 550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3140)
Exchange Online :: 550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit https://sender.office.com/
the row of codes goes to 5.7.649 :: 550 5.7.617 Access denied [192.0.2.1]
Exchange Online :: 550 5.1.8 Access denied, bad outbound sender AS(42003)
Yahoo :: 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes
Yahoo :: 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1, because the ip is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html
AOL :: 554- (RLY:B1) The information presently available to AOL indicates this server is generating high volumes of member complaints
Proofpoint :: 554 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1
Cloudmark :: 550 5.7.1 Your IP is blocked; see http://csi.cloudmark.com/reset-request/?ip=192.0.2.1
Trend Micro :: 550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro RBL+. Please see http://www.mail-abuse.com/cgi-bin/lookup?ip_address=192.0.2.1
IronPort :: 554 Your access to this mail system has been rejected due to the sending MTA's poor reputation. If you believe that this failure is in error, please contact the intended recipient via alternate means.
T-Online :: 554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tosa@rx.t-online.de to clarify.) (BL)
GMX :: 554-gmx.net (mxgmx001) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is block listed. 554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=bip
GMX :: 554-Bad DNS PTR resource record. 554 For explanation visit http://postmaster.gmx.com/en/error-messages?ip=192.0.2.1&c=rdns
Orange :: 421 4.7.0 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. OFR_999 [999]
Cox :: 554 cox ESMTP server not available AUP#CXBL
Charter :: 554 5.7.1 The message from (<bob@example.com>) blocked. Please visit http://postmaster.charter.net AUP#In-1310
Comcast :: 554 resimta.example comcast 192.0.2.1 Comcast block for spam. Please see http://postmaster.comcast.net/smtp-error-codes.php#BL000000
AT&T :: 550 5.7.1 Connections not accepted from servers without a valid sender domain.alph110 Fix reverse DNS for 192.0.2.1
Postfix :: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]
Gmail :: 550-5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not point to the sending IP.
Exim :: 550 Rejected because 192.0.2.1 is in a black list at dnsbl.example.net
Postfix :: 504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname
Mimecast :: 550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550
UCEPROTECT :: 550 5.7.1 Your IP 192.0.2.1 is UCEPROTECT-Level 1 listed. See http://www.uceprotect.net/rblcheck.php
Zen in capitals :: 550 5.7.1 REJECTED: IP LISTED IN ZEN.SPAMHAUS.ORG
Invaluement :: 550 5.7.1 Blocked by ivmSIP; see http://dnsbl.invaluement.com/lookup/?ip=192.0.2.1
Microsoft's customer list :: 550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Customer Block list (AS16012609)
OVH :: 550 5.7.1 Your IP 192.0.2.1 has a bad reputation
SpamExperts :: 550 Your server 192.0.2.1 is blacklisted; contact us for removal
Sonicwall :: 550 5.7.1 Sender IP reputation rejection
Rackspace :: 554 5.7.1 Your IP (192.0.2.1) has been blocked. Please contact abuse
Telstra :: 550 192.0.2.1 is on our local blacklist
WEDOS :: 554 5.7.1 Client host [192.0.2.1] blocked by local list
Cox :: 554 IMP cox 192.0.2.1 blocked. Error Code: CXBL - Refer to Error Codes section
Postfix, HELO :: 550 5.7.1 <example>: Helo command rejected: Host not found
qmail's rblsmtpd :: 451 http://www.spamhaus.org/query/bl?ip=192.0.2.1
AT&T :: 553 5.3.0 alph120 DNSBL:RBL 521< 192.0.2.1 >_is_blocked.For assistance forward this error to abuse_rbl@abuse-att.net
= auth-failure
Strato :: 550 5.7.1 Your message was refused because of its SPF record
IronPort :: 550 #5.7.1 SPF unauthorized mail is prohibited.
Mimecast :: 550 Rejected by header based Anti-Spoofing policy: DMARC fail
Comcast :: 550 5.7.1 Message blocked due to DMARC policy of example.com
any :: 550-5.7.1 DKIM check failed
Exim :: 550 SPF check failed: 192.0.2.1 is not allowed to send mail from example.com
Gmail :: 550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's 550-5.7.26 DMARC policy. Please contact the administrator of example.com domain
Gmail :: 550-5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.
Exchange Online :: 550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification and has a DMARC policy of reject.
Outlook.com :: 550 5.7.515 Access denied, sending domain example.com does not meet the required authentication level.
Exchange Online :: 550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1 Rejected
Yahoo :: 554 5.7.9 Message not accepted for policy reasons. DMARC policy of example.com
postfix-policyd-spf :: 550 5.7.23 <ann@example.org>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. Please see http://www.openspf.net/Why?s=mfrom
pypolicyd, with RCPT: not the recipient :: [RCPT] 550 5.7.1 <ann@example.org>: Recipient address rejected: Please see http://www.openspf.org/Why; SPF check failed
GoDaddy :: 550 5.1.0 192.0.2.1 is not allowed to send from <example.com> per it's SPF Record. Please inspect your SPF settings, and try again. IB508
Postfix :: 530 5.7.0 Must issue a STARTTLS command first
Postfix as a client :: TLS is required, but was not offered by host mx.example.org[192.0.2.1]
Postfix as a client :: Server certificate not trusted
NetEase :: 550 MI:SPF 163 smtp please see http://mail.163.com/help/help_spam_16.htm
Mail.Ru :: 550 5.7.1 Email rejected per DMARC policy for example.com
GMX :: 554 Transaction failed. Reject due to policy restrictions. For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=spf
opendmarc :: 550 5.7.1 rejected by DMARC policy for example.com
Yandex :: 550 5.7.1 Email rejected due to SPF policy; sender is not allowed
Fastmail :: 550 5.7.1 DKIM signature verification failed
Microsoft's TLS :: 454 4.7.5 The certificate presented by the server is not valid
Gmail :: 421-4.7.29 This mail has been rate limited because it was not sent over a TLS connection; TLS required
= policy
Mimecast :: 550 Rejected by header based manually Blocked Senders - https://community.mimecast.com/docs/DOC-1369#550
Mimecast :: 554 Email rejected due to security policies
Postfix :: 554 5.7.1 <ann@example.org>: Recipient address rejected: Relay access denied
Exim :: 550 Administrative prohibition
Exchange :: 550 5.7.1 Client does not have permissions to send as this sender
Domino :: 550 5.7.1 Your mail was rejected by the administrator
Listserv :: You are not authorized to send mail to the list
Postfix :: 550 5.7.1 <bob@example.com>: Sender address rejected: not logged in
Exim :: 550-Sender verification is required but failed
Sendmail :: 550 5.7.1 Access denied
Postfix :: 550 5.7.1 Command rejected
unknown in answer to MAIL is the sender :: [MAIL] 550 5.1.7 <bob@example.com>: user unknown
Postfix :: 554 5.7.1 <ann@example.org>: Relay access denied
sendmail :: 550 5.7.1 <ann@example.org>... Relaying denied
qmail :: 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
Exim :: 550 relay not permitted
Exchange :: 550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
Exchange :: 550 5.7.1 RESOLVER.RST.AuthRequired; authentication required
Exchange :: 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed
Exchange transport rule :: 550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy
Postfix :: 450 4.1.8 <bob@nowhere.example>: Sender address rejected: Domain not found
sendmail :: 553 5.1.8 <bob@nowhere.example>... Domain of sender address bob@nowhere.example does not exist
Exim :: [RCPT] 550 Sender verify failed
Apple :: 550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137
Apple :: 554 5.7.1 [HM08] Message rejected due to local policy.
Yahoo :: 554 Message not allowed - [PH01] Email not accepted for policy reasons. Please visit https://postmaster.yahooinc.com/error-codes
fml :: You are not a member of this mailing list <list@example.org>.
Google Groups in any language :: Skupina možná není otevřena. https://groups.google.com/support/
Messaging server :: 550 5.7.1 Local Policy Violation
Exchange :: 550 5.7.1 Unable to relay
MDaemon :: 550 5.7.1 This server requires authentication; relay denied
Courier :: 513 Relaying denied.
Mailman :: Posting to this list by non-members is not allowed; members only
Exchange, group :: 550 5.7.1 RESOLVER.RST.NotAuthorized; not authorized
Office 365 :: 550 5.7.193 UserBlockedDueToCrossTenantPolicy
Office 365 :: 550 5.7.520 Access denied, Your organization does not allow external forwarding. AS(7555)
Postfix, restrictions :: 554 5.7.1 <bob@example.com>: Sender address rejected: Access denied
MXLogic :: 554 Denied (Mode: normal)
Amazon SES :: 554 Message rejected: Email address is not verified. The following identities failed the check
NetEase :: 553 Requested action not taken: NULL sender is not allowed
= rate-limited
SES :: 454 4.7.0 Throttling failure: Daily message quota exceeded.
Google :: 550 5.4.5 Daily user sending limit exceeded.
Exchange Online :: 554 5.2.122 STOREDRV; The recipient has exceeded their limit for messages per hour
Outlook :: 451 4.7.650 too many messages; slow down
Postini :: 421 4.4.5 Server busy, too many connections from your IP
Yahoo :: 421 Max message per connection reached, closing transmission channel
IronPort :: 452 Too many recipients received this hour
Gmail :: 450-4.2.1 The user you are trying to contact is receiving mail at a rate that 450-4.2.1 prevents additional messages from being delivered. 450 4.2.1 https://support.google.com/mail/?p=ReceivingRate - gsmtp
Gmail :: 421-4.7.28 [192.0.2.1] Our system has detected an unusual rate of 421-4.7.28 unsolicited mail originating from your IP address. 421 4.7.28 https://support.google.com/mail/?p=UnsolicitedRateLimitError - gsmtp
Postfix :: 421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1
Postfix anvil :: 450 4.7.1 Error: too much mail from 192.0.2.1
Exchange Online :: 451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77714)
Orange :: 421 mwinf5c04 ME Trop de connexions, veuillez verifier votre configuration. Too many connections, slow down. OFR004_104 [104]
postgrey :: 450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html
sqlgrey :: 450 4.7.1 <ann@example.org>: Recipient address rejected: Greylisted for 5 minutes
milter-greylist :: 451 4.7.1 Greylisting in action, please come back in 00:05:00
GoDaddy :: 550 5.1.1 <ann@example.org> - 192.0.2.1 has sent to too many recipients this hour. IB607
QQ :: 550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1
NetEase :: 421 HL:ICC 163 mx please see http://mail.163.com/help/help_spam_16.htm
Comcast :: 421 4.1.0 192.0.2.1 Throttled - try again later. Please see http://postmaster.comcast.net/smtp-error-codes.php#RL000001
AOL :: 421 DYN:T1 (throttled)
Rackspace :: 450 4.7.1 You have exceeded the rate limit
Exim :: 421 Too many concurrent SMTP connections; please try again later.
sendmail :: 421 4.7.0 Connection rate limit exceeded.
Postfix :: 452 4.5.3 Error: too many recipients
Office 365 :: 550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
Cloudmark :: 421 4.7.1 Deferred: throttling failure
Mail.Ru :: 451 Try again later: Ratelimit exceeded for mailbox
Telia :: 451 4.7.1 Please try again later, greylisted
Exim greylist :: 451 Greylisted, please try again in 180 seconds
`;

const DELIVERY = `
= network
Postfix :: mx.example.org[192.0.2.1]: server dropped connection without sending the initial SMTP greeting
PowerMTA :: smtp; 4.4.1 (no answer from host)
Exchange :: #550 4.4.7 QUEUE.Expired; message expired ##
Gmail :: The recipient server did not respond in time
any :: 451 4.4.3 Temporary DNS error while checking host
qmail :: Connected to 192.0.2.1 but connection died. (#4.4.2)
any :: 554 5.4.6 hop count exceeded
Postfix while DNS is out: not yet known :: Host or domain name not found. Name service error for name=example.org type=MX: Host not found, try again
Postfix, SERVFAIL :: Name service error for name=example.org type=MX: Malformed or unexpected name server reply
Postfix :: connect to mx.example.org[192.0.2.1]:25: Connection timed out
Postfix: refused is not a refusal :: connect to mx.example.org[192.0.2.1]:25: Connection refused
Postfix :: conversation with mx.example.org[192.0.2.1] timed out while sending message body
Postfix :: lost connection with mx.example.org[192.0.2.1] while receiving the initial server greeting
Postfix :: mail for example.org loops back to myself
sendmail :: 554 5.4.6 Too many hops 26 (25 max): from <bob@example.com> via mx.example.com, to <ann@example.org>
qmail :: Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)
qmail :: CNAME lookup failed temporarily. (#4.4.3)
Exim :: retry timeout exceeded
Exim :: all hosts have been failing for a long time and were last tried after this message arrived
Exchange Online :: 550 5.4.317 Message expired, cannot connect to remote server
Exchange :: 550 4.4.7 QUEUE.Expired; message expired
Exchange :: 554 5.4.14 Hop count exceeded - possible mail loop ATTR34
Gmail :: The recipient server did not accept our requests to connect. Learn more at https://support.google.com/mail/answer/7720 [mx.example.org 192.0.2.1: timed out]
Amazon :: 554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.2 Connection timed out>
X.400 gateways :: Reason 1 (Unable-To-Transfer); Diagnostic 5 (Maximum-Time-Expired)
Exim :: SMTP timeout after end of data
Exim :: Remote host closed connection in response to initial connection
Exim :: mx.example.org [192.0.2.1] No route to host
Domino :: Error transferring to mx.example.org; Maximum hop count exceeded. Message probably in a routing loop.
Domino :: Error connecting to server mx.example.org: The remote server is not responding
OpenSMTPD :: Network error on destination MXs
OpenSMTPD :: Envelope expired
sendmail :: Deferred: Operation timed out with mx.example.org.
sendmail :: Message could not be delivered for 5 days Message will be deleted from queue
Exchange :: 451 4.4.0 DNS query failed
Exchange :: 421 4.4.1 Connection timed out
Postfix :: unable to look up host mx.example.org: Temporary failure in name resolution
nullmailer :: Host unreachable
= remote-system
Exchange :: 554 5.3.2 STOREDRV.Deliver; message store not available
sendmail :: 451 4.3.2 Please try again later; system is shutting down
Postfix :: 451 4.7.1 Service unavailable - try again later
Yandex :: 451 4.3.0 Internal server error; temporary failure
qmail :: 451 Mail server error. Please contact support
any :: 421 4.3.0 Temporary System Problem. Try again later (10)
sendmail :: 452 4.4.5 Insufficient disk space; try again later
Postfix :: 452 4.3.1 Insufficient system storage
Postfix :: 451 4.3.0 <ann@example.org>: Temporary lookup failure
Postfix :: 451 4.3.0 Error: queue file write error
sendmail :: 554 5.3.5 Local configuration error
sendmail :: 554 5.3.0 unknown mailer error 255
Exim :: 451 Temporary local problem - please try later
Exim :: Child process of virtual_address transport returned 127 from command
any :: 500 5.5.1 Command unrecognized
Exchange :: 421 4.3.2 Service not available, closing transmission channel
Exchange :: 452 4.3.1 Insufficient system resources
Exchange :: 554 5.6.0 STOREDRV.Deliver.Exception:StoragePermanentException; Failed to process message
Postfix :: local configuration error
Postfix :: unknown mail transport error
Postfix pipe :: Command died with status 1: "/usr/bin/procmail"
Exim :: local delivery failed
qmail :: 451 qq read error (#4.3.0)
qmail :: 554 qmail-inject: fatal: qq trouble creating files in queue (#4.3.0)
MDaemon :: 451 Internal error
amavis :: 451 4.5.0 Error in processing, id=1, virus_scan FAILED: virus scanner failed
any :: 502 5.5.2 Error: command not recognized
= unknown
nothing :: Delivery failed.
`;

const COMMANDS: Readonly<Record<string, string>> = {
  RCPT: '(in reply to RCPT TO command)',
  DATA: '(in reply to end of DATA command)',
  MAIL: '(in reply to MAIL FROM command)',
};

export const DIAGNOSTICS: readonly Said[] = [RECIPIENT, MESSAGE, SENDER, DELIVERY].flatMap(parse);

function parse(table: string): Said[] {
  let category: Category = 'unknown';
  const said: Said[] = [];
  for (const line of table.split('\n')) {
    if (line.startsWith('= ')) category = line.slice(2) as Category;
    const [reason, words] = line.split(' :: ', 2);
    if (reason === undefined || words === undefined) continue;
    const [, command = '', diagnostic = ''] = /^(?:\[(RCPT|DATA|MAIL)\] )?(.*)$/.exec(words) ?? [];
    said.push({ reason, category, diagnostic, context: COMMANDS[command] ?? '' });
  }
  return said;
}
