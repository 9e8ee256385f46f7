// Reports in the formats of many mail systems, written by hand after their sources, templates and documentation. Used by free-form.test.ts.

export interface Sample {
  readonly server: string;
  /** What this one shows. */
  readonly why: string;
  readonly header: string;
  readonly body: string;
  readonly addresses: readonly string[];
  readonly action: 'failed' | 'delayed' | 'delivered';
  /** A part of the first recipient's diagnostic. */
  readonly says?: string;
  readonly host?: string;
  readonly alias?: string;
  readonly rule?: string;
  readonly messageId?: string;
  readonly retryUntil?: string;
}

const RETURNED = `Received: from client.example.org by mx.example.org; Mon, 6 Mar 2023 10:00:00 +0000
Message-ID: <sent-1@shop.example.org>
Date: Mon, 6 Mar 2023 10:00:00 +0000
From: Shop <bounce@shop.example.org>
Subject: Your order

Hello
`;

const daemon = (subject: string, from = 'Mail Delivery System <MAILER-DAEMON@mx.example.org>'): string =>
  `Return-Path: <>\nFrom: ${from}\nTo: bounce@shop.example.org\nDate: Mon, 6 Mar 2023 12:00:00 +0000\nSubject: ${subject}\n`;

export const SAMPLES: readonly Sample[] = [
  {
    server: 'sendmail 8',
    why: 'list above, transcript below, alias in parentheses',
    header: daemon(
      'Returned mail: see transcript for details',
      'Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>',
    ),
    body: `The original message was received at Mon, 6 Mar 2023 10:00:00 GMT
from client.example.org [192.0.2.7]

   ----- The following addresses had permanent fatal errors -----
<ann@dest.example>
    (reason: 550 5.1.1 <ann@dest.example>... User unknown)
    (expanded from: <sales@shop.example.org>)

   ----- Transcript of session follows -----
... while talking to mx1.dest.example.:
>>> RCPT To:<ann@dest.example>
<<< 550 5.1.1 <ann@dest.example>... User unknown
550 5.1.1 <ann@dest.example>... User unknown

   ----- Original message follows -----

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    host: 'mx1.dest.example',
    alias: 'sales@shop.example.org',
    rule: 'sendmail',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'sendmail 8 warning',
    why: 'a delay says until when, counted from the message',
    header: daemon(
      'Warning: could not send message for past 4 hours',
      'Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>',
    ),
    body: `    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

The original message was received at Mon, 6 Mar 2023 08:00:00 GMT
from client.example.org [192.0.2.7]

   ----- Transcript of session follows -----
451 dest.example: Name server timeout
Warning: message still undelivered after 4 hours
Will keep trying until message is 5 days old

   ----- The following addresses had transient non-fatal errors -----
<ann@dest.example>

   ----- Original message follows -----

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
    says: '451 dest.example',
    retryUntil: '2023-03-11T10:00:00.000Z',
  },
  {
    server: 'sendmail 5',
    why: 'a transcript is all there is; the sender in it is no recipient',
    header: daemon('Returned mail: User unknown'),
    body: `   ----- Transcript of session follows -----
While talking to mx1.dest.example:
>>> MAIL From:<bounce@shop.example.org>
<<< 250 ok
>>> RCPT To:<ann@dest.example>
<<< 550 <ann@dest.example>... User unknown
550 <ann@dest.example>... User unknown

   ----- Unsent message follows -----
${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'User unknown',
  },
  {
    server: 'qmail',
    why: 'two recipients, each with its reason below it',
    header: daemon('failure notice', 'MAILER-DAEMON@mx.example.org'),
    body: `Hi. This is the qmail-send program at mx.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@dest.example>:
192.0.2.25 does not like recipient.
Remote host said: 550 5.1.1 No such user
Giving up on 192.0.2.25.

<bob@other.example>:
Sorry, I couldn't find any host named other.example. (#5.1.2)

--- Below this line is a copy of the message.

Return-Path: <bounce@shop.example.org>
${RETURNED}`,
    addresses: ['ann@dest.example', 'bob@other.example'],
    action: 'failed',
    says: 'Remote host said: 550 5.1.1',
    host: '192.0.2.25',
    rule: 'qmail',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'Exim',
    why: 'an alias in parentheses, a reply over several lines',
    header: `${daemon('Mail delivery failed: returning message to sender')}X-Failed-Recipients: ann@dest.example\n`,
    body: `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@dest.example
    (generated from sales@shop.example.org)
    host mx1.dest.example [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<ann@dest.example>:
    550-5.7.1 Our filter does not like this.
    550 5.7.1 Ask your administrator.

------ This is a copy of the message, including all the headers. ------

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.7.1 Ask your administrator.',
    host: 'mx1.dest.example',
    alias: 'sales@shop.example.org',
    rule: 'exim',
  },
  {
    server: 'Exim warning',
    why: '"will give up" is said of a message that is still tried',
    header: daemon('Warning: message 1aBcDe-000000-00 delayed 24 hours'),
    body: `This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.org.

The message identifier is:     1aBcDe-000000-00
The subject of the message is: Your order

The address to which the message has not yet been delivered is:

  ann@dest.example
    Delay reason: mx1.dest.example [192.0.2.25]: Connection timed out

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals if the message
remains undelivered. Eventually the mail delivery software will give up,
and when that happens, the message will be returned to you.
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
    says: 'Connection timed out',
  },
  {
    server: 'Exim, local part only',
    why: 'the header field has the domain that the words leave out',
    header: `${daemon('Mail delivery failed: returning message to sender')}X-Failed-Recipients: ann@dest.example\n`,
    body: `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann
    Unrouteable address
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
  },
  {
    server: 'Exim, UTF-8',
    why: 'octets beyond ASCII are written in octal',
    header: `${daemon('Mail delivery failed: returning message to sender')}X-Failed-Recipients: h\\303\\245kan@dest.example\n`,
    body: `A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  h\\303\\245kan@dest.example
    host mx1.dest.example [192.0.2.25]
    550 5.1.1 User unknown
`,
    addresses: ['h\u00e5kan@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
  },
  {
    server: 'Postfix',
    why: 'the address in brackets before its reason, folded; no delivery status part',
    header: daemon('Undelivered Mail Returned to Sender', 'MAILER-DAEMON@mx.example.org (Mail Delivery System)'),
    body: `This is the mail system at host mx.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<ann@dest.example> (expanded from <sales@shop.example.org>): host
    mx1.dest.example[192.0.2.25] said: 452 4.2.2 Mailbox full (in reply to
    RCPT TO command)

<bob@other.example>: Host or domain name not found. Name service error for
    name=other.example type=A: Host not found
`,
    addresses: ['ann@dest.example', 'bob@other.example'],
    action: 'failed',
    says: '452 4.2.2 Mailbox full',
    host: 'mx1.dest.example',
    alias: 'sales@shop.example.org',
    rule: 'postfix',
  },
  {
    server: 'Postfix warning',
    why: 'a delay that says for how long it goes on',
    header: daemon('Delayed Mail (still being retried)', 'MAILER-DAEMON@mx.example.org (Mail Delivery System)'),
    body: `This is the mail system at host mx.example.org.

####################################################################
# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #
####################################################################

Your message could not be delivered for more than 4 hour(s).
It will be retried until it is 5 day(s) old.

For further assistance, please send mail to postmaster.

                   The mail system

<ann@dest.example>: connect to mx1.dest.example[192.0.2.25]:25: Connection
    refused
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
    says: 'Connection refused',
  },
  {
    server: 'Courier',
    why: 'the address stands in brackets below',
    header: daemon('NOTICE: mail delivery status.', '"Courier mail server at mx.example.org" <@>'),
    body: `This is a delivery status notification from mx.example.org,
running the Courier mail server, version 0.65.2.

The original message was received on Mon, 06 Mar 2023 10:00:00 +0000
from client.example.org ([192.0.2.7])

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<ann@dest.example>:
    mx1.dest.example [192.0.2.25]:
>>> RCPT TO:<ann@dest.example>
<<< 550 5.1.1 <ann@dest.example>... User Unknown

---------------------------------------------------------------------------

If your message was also sent to additional recipients, their delivery
status is not included in this report.
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    rule: 'courier',
  },
  {
    server: 'OpenSMTPD',
    why: 'address and reason on one line',
    header: daemon('Delivery status notification: error', 'Mailer Daemon <MAILER-DAEMON@mx.example.org>'),
    body: `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ann@dest.example: 550 5.2.2 <ann@dest.example>... Mailbox Full

    Below is a copy of the original message:

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.2.2',
    rule: 'opensmtpd',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'OpenSMTPD warning',
    why: 'the same plan for a delay',
    header: daemon('Delivery status notification: warning', 'Mailer Daemon <MAILER-DAEMON@mx.example.org>'),
    body: `    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this email.

    A message is delayed for more than 4 hours for the following
    list of recipients:

ann@dest.example: Connection timeout

    Please note that this is only a temporary failure report.
    The message is kept in the queue for up to 4 days.
    You DO NOT NEED to re-send the message to these recipients.
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
  },
  {
    server: 'DragonFly dma',
    why: 'the address in the sentence, the host below it',
    header: daemon('Mail delivery failed', 'MAILER-DAEMON <>'),
    body: `This is the DragonFly Mail Agent v0.13 at mx.example.org.

There was an error delivering your mail to <ann@dest.example>.

mx1.dest.example [192.0.2.25] did not like our RCPT TO:
550 5.1.1 <ann@dest.example>: Recipient address rejected: User unknown

Original message follows.

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    host: 'mx1.dest.example',
    rule: 'dragonfly',
  },
  {
    server: 'Exchange 5.5',
    why: 'the quoted To is not the recipient',
    header: daemon('Undeliverable: Your order', 'System Administrator <postmaster@dest.example>'),
    body: `Your message

  To:      list@lists.example
  Subject: Your order
  Sent:    Mon, 6 Mar 2023 10:00:00 -0000

did not reach the following recipient(s):

ann@dest.example on Mon, 6 Mar 2023 10:00:05 -0000
    The recipient name is not recognized
	The MTS-ID of the original message is: c=us;a= ;p=dest;l=EX0303061000
    MSEXCH:IMS:Dest:SITE:EX 0 (000C05A6) Unknown Recipient
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'The recipient name is not recognized',
    rule: 'exchange',
  },
  {
    server: 'Exchange 2003, X.400 address',
    why: 'the address stands in an X.400 name',
    header: daemon('Undeliverable: Your order', 'System Administrator <postmaster@dest.example>'),
    body: `Your message did not reach some or all of the intended recipients.

      Subject:	Your order
      Sent:	3/6/2023 10:00 AM

The following recipient(s) could not be reached:

      c=US;a= ;p=Dest;o=Site;dda:SMTP=ann@dest.example; on 3/6/2023 10:00 AM
            The e-mail account does not exist at the organization this message was sent to.
            <mx.dest.example #5.1.1>
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '#5.1.1',
  },
  {
    server: 'Exchange 2007',
    why: 'the name first, the codes in the part for administrators',
    header: daemon(
      'Undeliverable: Your order',
      'Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.example>',
    ),
    body: `Delivery has failed to these recipients or distribution lists:

Ann Example<mailto:ann@dest.example>
The recipient's e-mail address was not found in the recipient's e-mail system.

________________________________
Sent by Microsoft Exchange Server 2007

Diagnostic information for administrators:

Generating server: ex.dest.example

ann@dest.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1 RESOLVER.ADR.RecipNotFound',
    rule: 'exchange',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'Microsoft 365',
    why: 'the sentence names the recipient before it says what happened',
    header: daemon('Undeliverable: Your order', 'Microsoft Outlook <postmaster@outlook.example>'),
    body: `[https://products.office.example/logo.png]
Your message to ann@dest.example couldn't be delivered.

ann wasn't found at dest.example.

bounce	Office 365	ann
Action Required	Recipient
Unknown To address

How to Fix It
The address may be misspelled or may not exist.

Original Message Details
Created Date:	3/6/2023 10:00:00 AM
Sender Address:	bounce@shop.example.org
Recipient Address:	ann@dest.example
Subject:	Your order

Error Details
Reported error:	550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.10',
  },
  {
    server: 'Exchange, German',
    why: 'the same plan in another language',
    header: daemon('Unzustellbar: Bestellung', 'Microsoft Exchange <postmaster@dest.example>'),
    body: `Fehler bei der Nachrichtenzustellung an folgende Empf\u00e4nger oder Gruppen:

Ann Beispiel (ann@dest.example)<mailto:ann@dest.example>
Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.

Diagnoseinformationen f\u00fcr Administratoren:

Generierender Server: ex.dest.example

ann@dest.example
Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
  },
  {
    server: 'Exchange, French, delay',
    why: 'a delay in another language',
    header: daemon('Remise retard\u00e9e : Commande', 'Microsoft Outlook <postmaster@dest.example>'),
    body: `La remise aux destinataires ou groupes suivants est retard\u00e9e :

ann@dest.example (ann@dest.example)

Cette remise a \u00e9t\u00e9 retard\u00e9e.
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
  },
  {
    server: 'Exchange, Spanish',
    why: 'only the subject and the heading say what it is',
    header: daemon('No se puede entregar: Pedido', 'Microsoft Outlook <postmaster@dest.example>'),
    body: `No se pudo entregar el mensaje a estos destinatarios o grupos:

ann@dest.example
No se encontr\u00f3 la direcci\u00f3n de correo electr\u00f3nico que especific\u00f3.
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
  },
  {
    server: 'Domino',
    why: 'address, then a reason that names it again with a person',
    header: daemon(
      'DELIVERY FAILURE: User ann (ann@dest.example) not listed in Domino Directory',
      'Postmaster@dest.example',
    ),
    body: `Your message

  Subject: Your order

was not delivered to:

  ann@dest.example

because:

  User ann (ann@dest.example) not listed in Domino Directory
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'not listed in Domino Directory',
    rule: 'domino',
  },
  {
    server: 'Gmail',
    why: 'the words of until 2016',
    header: `${daemon('Delivery Status Notification (Failure)', 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>')}X-Failed-Recipients: ann@dest.example\n`,
    body: `Delivery to the following recipient failed permanently:

     ann@dest.example

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain dest.example by mx1.dest.example. [192.0.2.25].

The error that the other server returned was:
550 5.1.1 <ann@dest.example>: Recipient address rejected

----- Original message -----

DKIM-Signature: v=1; a=rsa-sha256; d=shop.example.org;
        h=from:to:message-id:subject; b=AAAA
${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    host: 'mx1.dest.example',
    rule: 'gmail',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'Gmail delay',
    why: 'how much longer it is tried',
    header: daemon('Delivery Status Notification (Delay)', 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>'),
    body: `** Delivery incomplete **

There was a temporary problem delivering your message to ann@dest.example. Gmail will retry for 46 more hours. You'll be notified if the delivery fails permanently.

The response was:

The recipient server did not accept our requests to connect.
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
    retryUntil: '2023-03-08T10:00:00.000Z',
  },
  {
    server: 'Gmail, address not found',
    why: 'the sentence of the new design',
    header: daemon('Delivery Status Notification (Failure)', 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>'),
    body: `** Address not found **

Your message wasn't delivered to ann@dest.example because the address couldn't be found, or is unable to receive mail.

The response from the remote server was:

550 5.1.1 The email account that you tried to reach does not exist.
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
  },
  {
    server: 'Google Groups',
    why: 'the words name no address, the header does',
    header: `${daemon('Delivery Status Notification (Failure)', 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>')}X-Failed-Recipients: team@groups.example\n`,
    body: `Hello bounce@shop.example.org,

We're writing to let you know that the group you tried to contact (team) may not exist, or you may not have permission to post messages to the group.
`,
    addresses: ['team@groups.example'],
    action: 'failed',
    rule: 'googlegroups',
  },
  {
    server: 'Yahoo',
    why: 'addresses in brackets with a remark each',
    header: daemon('Failure Notice', 'MAILER-DAEMON@yahoo.com'),
    body: `Sorry, we were unable to deliver your message to the following address.

<ann@dest.example>:
Remote host said:
550 5.2.1 The email account that you tried to reach is disabled.
[RCPT_TO]

--- Below this line is a copy of the message.

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.2.1',
    rule: 'yahoo',
  },
  {
    server: 'GMX',
    why: 'the address in quotation marks',
    header: daemon('Mail delivery failed: returning message to sender', 'MAILER-DAEMON@mail.gmx.net'),
    body: `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"ann@dest.example":
SMTP error from remote server after RCPT command:
host: mx1.dest.example
5.1.1 <ann@dest.example>... User Unknown

--- The header of the original message is following. ---

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '5.1.1',
    host: 'mx1.dest.example',
    rule: 'gmx',
  },
  {
    server: 'Mail.Ru',
    why: 'Russian first, the same in English below',
    header: daemon(
      '\u0412\u0430\u0448\u0435 \u0441\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435 \u043d\u0435 \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e. Mail failure.',
      'mailer-daemon@corp.mail.ru',
    ),
    body: `\u042d\u0442\u043e \u043f\u0438\u0441\u044c\u043c\u043e \u0441\u043e\u0437\u0434\u0430\u043d\u043e \u0430\u0432\u0442\u043e\u043c\u0430\u0442\u0438\u0447\u0435\u0441\u043a\u0438.

\u041a \u0441\u043e\u0436\u0430\u043b\u0435\u043d\u0438\u044e, \u0412\u0430\u0448\u0435 \u043f\u0438\u0441\u044c\u043c\u043e \u043d\u0435 \u043c\u043e\u0436\u0435\u0442 \u0431\u044b\u0442\u044c \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e \u043e\u0434\u043d\u043e\u043c\u0443 \u0438\u043b\u0438 \u043d\u0435\u0441\u043a\u043e\u043b\u044c\u043a\u0438\u043c \u043f\u043e\u043b\u0443\u0447\u0430\u0442\u0435\u043b\u044f\u043c:

  ann@dest.example
    host mx1.dest.example [192.0.2.25]: 550 Mailbox unavailable
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 Mailbox unavailable',
  },
  {
    server: 'Zoho',
    why: 'address and codes on one line',
    header: daemon('Undelivered Mail Returned to Sender', 'mailer-daemon@mail.zoho.example'),
    body: `This message was created automatically by mail delivery software.
 A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

ann@dest.example Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 <ann@dest.example>... User Unknown

Received:from mail.zoho.example by mx.zoho.example
Message-ID:<sent-1@shop.example.org>
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '5.1.1',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'Amazon SES by SNS',
    why: 'JSON, folded by mail, two recipients',
    header: daemon('AWS Notification Message', 'Bounces <no-reply@sns.amazonaws.com>').replace('Return-Path: <>\n', ''),
    body: `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"ann@dest.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"bob@dest.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user
  unknown"}],"timestamp":"2023-03-06T10:00:00.000Z"},"mail":{"messageId":"ses-1","commonHeaders":{"messageId":"<sent-1@shop.example.org>"}}}

--
If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
https://sns.example/unsubscribe
`,
    addresses: ['ann@dest.example', 'bob@dest.example'],
    action: 'failed',
    says: '550 5.1.1 user unknown',
    rule: 'amazonses',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'KDDI',
    why: 'a sentence over lines, from an address that is nobody\u2019s',
    header: daemon('\u30e1\u30fc\u30eb\u30a8\u30e9\u30fc\u901a\u77e5', 'no-reply@mail.dion.example'),
    body: `\u9001\u4fe1\u5148\u306e\u30e1\u30fc\u30eb\u30dc\u30c3\u30af\u30b9\u304c\u4e00\u676f\u306e\u305f\u3081\u3001\u9001\u4fe1\u3067\u304d\u307e\u305b\u3093\u3067\u3057\u305f\u3002

Your mail sent on: Mon, 6 Mar 2023 19:00:00 +0900
     Could not be delivered to: <ann@dest.example>
     As their mailbox is full.
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'mailbox is full',
    rule: 'kddi',
  },
  {
    server: 'EZweb',
    why: 'the address above the words',
    header: daemon('Mail System Error - Returned Mail', '<Postmaster@ezweb.example>'),
    body: `The user(s) account is disabled.

<ann@dest.example>: 550 <ann@dest.example>: User unknown

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550',
    rule: 'ezweb',
  },
  {
    server: 'm-FILTER',
    why: 'Japanese, the answer in a section of its own',
    header: daemon('failure notice', 'POSTMASTER <postmaster@dest.example>'),
    body: `\u3053\u306e\u30e1\u30fc\u30eb\u306f\u300cm-FILTER\u300d\u304c\u81ea\u52d5\u7684\u306b\u751f\u6210\u3057\u3066\u9001\u4fe1\u3057\u3066\u3044\u307e\u3059\u3002

\u4ee5\u4e0b\u306e\u30e1\u30fc\u30eb\u30a2\u30c9\u30ec\u30b9\u3078\u306e\u9001\u4fe1\u306b\u5931\u6557\u3057\u307e\u3057\u305f\u3002
ann@dest.example

-------server message
550 5.1.1 <ann@dest.example>: Recipient address rejected

-------SMTP command
DATA

-------original message
${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    rule: 'm-filter',
  },
  {
    server: 'IMail',
    why: 'one line',
    header: daemon('Undeliverable Mail', '"Postmaster" <postmaster@mx.example.org>'),
    body: `undeliverable to ann@dest.example

Original message follows.

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
  },
  {
    server: 'MDaemon',
    why: 'the session in full; the greeting is no reason',
    header: daemon('Permanent Delivery Failure', 'MDaemon@mx.example.org'),
    body: `The attached message had PERMANENT fatal delivery errors!

YOUR MESSAGE WAS NOT DELIVERED!

The following addresses did NOT receive a copy of your message:

> ann@dest.example

--- Session Transcript ---
 Attempting SMTP connection to [192.0.2.25 : 25]
 220 mx1.dest.example ESMTP
 EHLO mx.example.org
 250 SIZE 500000
 RCPT To:<ann@dest.example>
 552 Message for <ann@dest.example> would exceed mailbox quota
 QUIT
--- End Transcript ---
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '552 Message for',
  },
  {
    server: 'MailMarshal',
    why: 'the reason stands before the recipients',
    header: daemon('Undeliverable Mail: "Your order"', 'postmaster@dest.example'),
    body: `Your message:
   From:    bounce@shop.example.org
   Subject: Your order

Could not be delivered because of

550 5.1.1 User unknown

The following recipients were affected:
    ann@dest.example

Additional Information
======================
Original Sender:    <bounce@shop.example.org>
Remote-MTA:         <192.0.2.25>
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    rule: 'mailmarshal',
  },
  {
    server: 'InterScan',
    why: 'a label before the sentence',
    header: daemon('Mail could not be delivered', 'postmaster@dest.example'),
    body: `****** Message from InterScan Messaging Security Suite ******

The following mail could not be delivered.
Reason:  Unable to deliver message to <ann@dest.example>.

************************     End of message     **********************
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    rule: 'interscan',
  },
  {
    server: 'Symantec gateway',
    why: 'says "could not" and goes on trying',
    header: daemon('Delivery failure notification', 'Symantec_AntiVirus_for_SMTP_Gateways@dest.example'),
    body: `Your message with Subject: Your order
could not be delivered to the following recipients:

ann@dest.example

Please do not resend your original message.

Delivery attempts will continue to be made for 5 day(s).
`,
    addresses: ['ann@dest.example'],
    action: 'delayed',
    retryUntil: '2023-03-11T12:00:00.000Z',
  },
  {
    server: 'hMailServer',
    why: 'the dialogue with labels of its own',
    header: daemon('Message undeliverable: Your order', 'mailer-daemon@dest.example'),
    body: `Your message did not reach some or all of the intended recipients.

   Sent: Mon, 6 Mar 2023 10:00:00 +0000
   Subject: Your order

The following recipient(s) could not be reached:

ann@dest.example
   Error Type: SMTP
   Remote server (192.0.2.25) issued an error.
   hMailServer sent: RCPT TO:<ann@dest.example>
   Remote server replied: 550 5.1.1 User unknown

hMailServer
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    rule: 'hmailserver',
  },
  {
    server: 'MailEnable, SmarterMail',
    why: 'label and address',
    header: daemon('Delivery Failure', '"System Administrator" <postmaster@dest.example>'),
    body: `Could not deliver message to the following recipient(s):

Failed Recipient: ann@dest.example
Reason: Remote host said: 550 No such mailbox

   -- The header and top 20 lines of the message follows --

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 No such mailbox',
  },
  {
    server: 'CommuniGate Pro',
    why: 'failed and delayed lists use one sentence',
    header: daemon('Undeliverable mail: Your order', 'MAILER-DAEMON@cgp.example'),
    body: `Failed to deliver to 'ann@dest.example'
SMTP module(domain dest.example) reports:
 host mx1.dest.example says:
 550 5.1.1 User unknown

Reporting-MTA: dns; cgp.example
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    host: 'mx1.dest.example',
  },
  {
    server: 'Sun Messaging Server',
    why: 'original and failed address with labels',
    header: daemon('Delivery Notification: Delivery has failed', 'Internet Mail Delivery <postmaster@sun.example>'),
    body: `This report relates to a message you sent with the following header fields:

  Message-id: <sent-1@shop.example.org>
  Date: Mon, 06 Mar 2023 10:00:00 +0000
  From: Shop <bounce@shop.example.org>
  To: sales@sun.example
  Subject: Your order

Your message cannot be delivered to the following recipients:

  Recipient address: ann@dest.example
  Original address: sales@sun.example
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 unknown user
  Remote system: dns;mx1.dest.example (TCP|192.0.2.1|25)
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
    host: 'mx1.dest.example',
    alias: 'sales@sun.example',
    messageId: 'sent-1@shop.example.org',
  },
  {
    server: 'PowerMTA',
    why: 'the list begins with a dash below a greeting',
    header: daemon('Delivery report', 'postmaster@pmta.example'),
    body: `Hello, this is the mail server on pmta.example.

I am sending you this message to inform you on the delivery status of a
message you previously sent.  Immediately below you will find a list of
the affected recipients;  also attached is a Delivery Status Notification
(DSN) report in standard format, as well as the headers of the original
message.

  <ann@dest.example>  delivery failed; will not continue trying
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    rule: 'powermta',
  },
  {
    server: 'InterMail, Netscape',
    why: 'the reason before, the address below',
    header: daemon('Mail System Error - Returned Mail', 'Mail Administrator <Postmaster@im.example>'),
    body: `This Message was undeliverable due to the following reason:

The user(s) account is temporarily over quota.

<ann@dest.example>

Please reply to Postmaster@im.example
if you feel this message to be in error.

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'over quota',
  },
  {
    server: 'XMail',
    why: 'one line of fields in brackets',
    header: daemon('Error sending message [sent-1] from [shop.example.org]', 'postmaster@xm.example'),
    body: `[<00>] XMail bounce: Rcpt=[ann@dest.example];Error=[550 No such user]


[<01>] Error sending message [sent-1] from [shop.example.org].

ID:        <S1>
Mail From: <bounce@shop.example.org>
Rcpt To:   <ann@dest.example>
Server:    <mx1.dest.example>

[<02>] The reason of the delivery failure was:

550 No such user

[<05>] Here is listed the initial part of the message:

${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 No such user',
  },
  {
    server: 'Dovecot Sieve',
    why: 'a rejection that is sent as a disposition notification',
    header: daemon('Rejected: Your order', 'Mail Delivery Subsystem <MAILER-DAEMON@dest.example>'),
    body: `Your message to <ann@dest.example> was automatically rejected:
Mailbox is full
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: 'Mailbox is full',
    rule: 'dovecot',
  },
  {
    server: 'GroupWise',
    why: 'name and address in parentheses',
    header: daemon('Message status - undeliverable', 'Mailer-Daemon@gw.example'),
    body: `The attached file had the following undeliverable recipient(s):
	ann@dest.example

   Transcript of session follows:
   Command: RCPT TO:<ann@dest.example>
   Response: 550 5.1.1 No such user
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 5.1.1',
  },
  {
    server: 'Chinese provider',
    why: 'a script without blanks',
    header: daemon('\u7cfb\u7edf\u9000\u4fe1', 'Postmaster <postmaster@qq.example>'),
    body: `\u62b1\u6b49\uff0c\u60a8\u7684\u90ae\u4ef6\u88ab\u9000\u56de\u6765\u4e86\u2026\u2026

\u539f\u90ae\u4ef6\u4fe1\u606f\uff1a
\u65f6\u95f4 2023-03-06 10:00:00
\u4e3b\u9898 Your order
\u6536\u4ef6\u4eba\uff1aann@dest.example

\u9000\u4fe1\u539f\u56e0\uff1a 550 User not found
`,
    addresses: ['ann@dest.example'],
    action: 'failed',
    says: '550 User not found',
  },
  {
    server: 'unknown system',
    why: 'only the To of the returned message names anybody',
    header: daemon('Delivery failure', 'postmaster@small.example'),
    body: `Your message could not be delivered. The mailbox does not exist.

----- Original message -----

To: ann@dest.example
${RETURNED}`,
    addresses: ['ann@dest.example'],
    action: 'failed',
  },
];
