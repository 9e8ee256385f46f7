// The codes and addresses by which large providers and blocking lists explain a refusal. They are meant to say one thing, so they outweigh the
// words around them (weight 4 of cause.ts). Those of AOL, Cox and NetEase were compared with what these publish; the others are as they are
// known from the words they stand with, and Microsoft publishes no meaning of its S and AS codes. Dotted codes are in enhanced-codes.ts.
import type { Category } from '../model-reading.ts';
import type { Cause } from './cause.ts';

type Row = readonly [category: Category, phrases: string];

const ROWS: readonly Row[] = [
  // Google: the page of support.google.com/mail that the answer names.
  ['address-unknown', 'p=nosuchuser | p=badrcptto | mail/answer/6596'],
  ['mailbox-disabled', 'p=disableduser | p=inactiveuser'],
  ['mailbox-full', 'p=overquota'],
  ['rate-limited', 'p=receivingrate | p=unsolicitedratelimit | p=dailylimit'],
  ['sender-reputation', 'p=unsolicitedip | p=ipv6auth'],
  ['spam-content', 'p=unsolicitedmessage | p=unsolicitedcontent'],
  ['content-rejected', 'p=blockedmessage | p=rfcmessagenoncompliant | mail/answer/6590'],
  ['auth-failure', 'p=unauthenticated | mail/answer/2451690'],
  ['message-too-large', 'p=maxsizeerror | mail/answer/6584'],
  ['policy', 'p=wantauth | p=notauthorizederror | p=customfromdenied | groups.google.com/support'],

  // Microsoft: consumer Outlook (S codes), Exchange Online Protection (AS codes), Exchange's resolver, rules and store driver.
  [
    'sender-reputation',
    's3150 | s3140 | s3113 | s3114 | s3115 | s3116 | as(42003) | as(42004) | as(1430) | as(1450) | as(900) | as16012609 | sender.office.com',
  ],
  [
    'rate-limited',
    's77713 | s77714 | s77719 | s775 | as77713 | as77719 | storedrv.submit * throttl | recipient thread limit',
  ],
  [
    'address-unknown',
    `as(201806281) | s2017062302 | resolver.adr.recipnotfound | resolver.adr.recipientnotfound
    resolver.adr.exrecipnotfound | resolver.adr.ambiguous | resolver.adr.invalidinsmtp`,
  ],
  ['policy', 'as(7555) | resolver.rst. | transport.rules. | approval.'],
  [
    'mailbox-full',
    'resolver.rst.recipquota | shutoffquotaexceeded | quotaexceededexception | storedrv.deliver * quota',
  ],
  ['message-too-large', 'resolver.rst.recipsizelimit | resolver.rst.sendsizelimit'],
  ['network', 'resolver.fwd.loop'],
  ['mailbox-disabled', 'mailboxdisabledexception | accountdisabledexception'],

  // Yahoo and the AOL behind it: senders.yahooinc.com/error-codes, postmaster.aol.com.
  [
    'sender-reputation',
    `[tss0 | [tss1 | [ts01] | [ts02] | [ts03] | [ts04] | [bl20] | [bl21] | [bl22] | [bl23] | [ipts0 | rly:b | rly:nw | con:b1
    dns:nr | rtr:bl | rtr:bb | rtr:bg | rtr:rd | rtr:du | rtr:ch`,
  ],
  ['rate-limited', '[gl01] | dyn:t1'],
  ['policy', '(ph01) | rly:sn'],
  ['spam-content', 'hvu:b1 | hvu:b2 | hvu:ur'],

  // Apple says `local policy` of both.
  ['policy', '[cs01] | [hm08]'],

  // United Internet (GMX, web.de, 1&1, mail.com): the letter behind `c=`. T-Online.
  [
    'sender-reputation',
    'error-messages * c=bip | error-messages * c=rdns | error-messages * c=bl | ask your postmaster for help or to contact @',
  ],
  ['auth-failure', 'error-messages * c=spf | error-messages * c=dmarc'],
  ['content-rejected', 'error-messages * c=hi'],

  // Orange and La Poste.
  ['address-unknown', 'ofr_416'],
  ['mailbox-full', 'ofr_417'],
  ['spam-content', 'ofr_506'],
  ['sender-reputation', 'ofr_999 | ofr_108 | lpn001_ | lpn006_'],
  ['rate-limited', 'ofr_109 | ofr004_104 | ofr005_104'],

  // Comcast, Cox, Charter, AT&T.
  [
    'sender-reputation',
    'bl000 | ptr000 | cxbl | cdrbl | ipbl0 | ipbl1 | aup#bl | aup#in | aup#13 | rbl.att.net | att.net/blocks',
  ],
  ['rate-limited', 'rl000 | cxcnct | cxmxrt | cxthrt'],
  ['policy', 'cxsndr'],

  // NetEase (163.com, 126.com): help.163.com, `退信`. Tencent (QQ). Mail.Ru.
  ['spam-content', 'dt:spm | mi:spm | rp:spm | mail content denied | mail.ru/notspam'],
  [
    'sender-reputation',
    'dt:rbl | hl:rep | hl:mep | hl:ihu | hl:ipb | ip in blacklist | suspected spam ip | suspected bounce attacks',
  ],
  [
    'rate-limited',
    'mi:dmc | mi:sfq | mi:stc | rp:drc | rp:trc | rp:qrc | hl:icc | hl:ifc | hl:itc | frequency limited',
  ],
  ['auth-failure', 'mi:spf'],
  ['policy', 'mi:ifi | mi:spb | mi:frl | wm:bl'],

  // Amazon SES and Google, of their own senders.
  ['rate-limited', 'daily message quota | daily user sending | daily sending quota | maximum sending rate'],
  ['policy', 'email address is not verified | following identities failed the check'],

  // Facebook, GoDaddy.
  ['address-unknown', 'rcp-p1'],
  ['recipient-refused', 'rcp-p2'],
  [
    'sender-reputation',
    'pol-p1 | pol-p2 | pol-p3 | pol-p4 | ib103 | ib104 | ib105 | ib106 | ib108 | ib110 | ib111 | ib112 | ib212',
  ],
  ['rate-limited', 'con-t1 | con-t2 | con-t3 | con-t4 | ib605 | ib606 | ib607 | ib608 | ib609'],
  ['spam-content', 'pol-p6 | ib504 | ib701 | ib702 | ib703 | ib704 | ib705'],
  ['auth-failure', 'ib508'],

  // Blocking lists and reputation services, by their addresses and names.
  [
    'sender-reputation',
    `spamhaus.org/sbl | spamhaus.org/css | spamhaus.org/pbl | spamhaus.org/xbl | spamhaus.org/query/sbl | spamhaus.org/query/ip
    spamhaus.org/query/bl | check.spamhaus.org | www.spamhaus.org/lookup | zen.spamhaus | sbl.spamhaus | xbl.spamhaus | pbl.spamhaus
    sbl-xbl | cbl.abuseat | barracudacentral | barracudanetworks.com/reputation | spamcop.net | dnsbl.sorbs | sorbs.net
    proofpoint.com/dnsbl | ipcheck.proofpoint | cloudmark.com/en/csi | csi.cloudmark | cloudmark sender intelligence | ers.trendmicro
    trendmicro.com/reputation | mail-abuse.com | mail-abuse.org | invaluement | ivmsip | uceprotect | senderbase.org | talosintelligence | senderscore
    backscatterer | psbl.surriel | spamrats | nixspam | ix.dnsbl | njabl | dsbl.org | ordb.org | mailspike | hostkarma
    truncate.gbudb | spameatingmonkey | blocklist.de | anti-spam.org.cn | rbl.jp | nordspam | wpbl.info`,
  ],
  [
    'spam-content',
    'dbl.spamhaus | spamhaus.org/dbl | spamhaus.org/query/dbl | spamhaus.org/query/domain | multi.surbl | surbl.org | uribl.com | ivmuri',
  ],

  // Symantec's MessageLabs: not among the registered addresses. Nobody else has a 542.
  ['address-unknown', '542 @ rejected'],

  // PowerMTA's own judgement, carried as X-PowerMTA-BounceCat.
  ['address-unknown', 'bad-mailbox'],
  ['domain-unknown', 'bad-domain'],
  ['mailbox-disabled', 'inactive-mailbox'],
  ['mailbox-full', 'quota-issues'],
  ['spam-content', 'spam-related'],
  ['content-rejected', 'virus-related | content-related'],
  ['policy', 'policy-related | relaying-issues | invalid-sender'],
  ['network', 'routing-errors | no-answer-from-host | message-expired | bad-connection'],
  ['remote-system', 'bad-configuration | protocol-errors'],
];

export const PROVIDER_CAUSES: readonly Cause[] = ROWS.map(([category, phrases]) => ({ category, weight: 4, phrases }));
