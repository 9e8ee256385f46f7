// What a finding means. The wording of servers is in diagnostics.ts; here is how codes, words and the command weigh against each other, what
// was done, and that hostile text costs no time.
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/mail/explain.ts';
import type { Finding } from '../../src/mail/finding.ts';
import type { Category } from '../../src/model-reading.ts';
import { DIAGNOSTICS } from './diagnostics.ts';

const RCPT = '(in reply to RCPT TO command)';

function finding(given: Partial<Finding>): Finding {
  return {
    address: 'ann@example.org',
    originalAddress: null,
    action: 'failed',
    status: null,
    diagnostic: null,
    context: '',
    remoteMta: null,
    retryUntil: null,
    evidence: { rule: 'rfc3464', part: '2', span: '' },
    ...given,
  };
}

describe('the cause', () => {
  it.each(DIAGNOSTICS)('$category: $reason: $diagnostic', ({ category, diagnostic, context }) => {
    expect(explain(finding({ diagnostic, context })).category).toBe(category);
  });

  it('is told for every category, in hundreds of wordings', () => {
    expect(DIAGNOSTICS.length).toBeGreaterThan(300);
    expect(new Set(DIAGNOSTICS.map(({ category }) => category)).size).toBe(16);
  });

  it.each<[reason: string, given: Partial<Finding>, category: Category]>([
    ['words go over the code', { status: '5.1.1', diagnostic: '552 5.2.2 Over quota' }, 'mailbox-full'],
    ['words go over a wrong Status', { status: '5.1.1', diagnostic: '550 mailbox is full' }, 'mailbox-full'],
    ['a code with a detail goes over vague words', { diagnostic: '550 5.1.1 rejected' }, 'address-unknown'],
    ['5.7.1 alone says nothing but that somebody refused', { diagnostic: '550 5.7.1 Sorry' }, 'policy'],
    ['vague words go over 5.0.0', { status: '5.0.0', diagnostic: '550 Message refused' }, 'policy'],
    ['nothing but a code', { status: '5.2.2' }, 'mailbox-full'],
    ['a detail in no table: its subject', { status: '5.3.99' }, 'remote-system'],
    ['a subject in no table', { status: '5.9.9' }, 'unknown'],
    ['5.1.10 is an address or a domain that takes no mail', { status: '5.1.10' }, 'address-unknown'],
    [
      'the words around, where nobody said anything',
      { status: '5.0.0', context: 'The mailbox is full.' },
      'mailbox-full',
    ],
    [
      'the words around yield to a code',
      { status: '5.1.1', diagnostic: '550 no', context: 'Is your disk full?' },
      'address-unknown',
    ],
    [
      'a code of a provider around goes over the words',
      { diagnostic: '550 refused', context: '[TSS04] see' },
      'sender-reputation',
    ],
    ['refused by a host is not refused by a rule', { status: '4.4.1', diagnostic: 'Connection refused' }, 'network'],
    [
      'an answer of 5.4.1 is no trouble of the network',
      { diagnostic: '541 5.4.1 Mail rejected by destination domain' },
      'policy',
    ],
    [
      'unknown by HELO is the host that sends',
      { diagnostic: '550 Host unknown', context: 'in reply to EHLO command' },
      'sender-reputation',
    ],
    [
      'unknown by MAIL is the sender',
      { diagnostic: '550 5.1.1 user unknown', context: '>>> MAIL From:<bob@example.com>' },
      'policy',
    ],
    [
      'the command folded over two lines',
      { diagnostic: '550 User unknown', context: '(in reply to RCPT\n    TO command)' },
      'address-unknown',
    ],
    [
      'the last command of a transcript counts',
      { diagnostic: '550 User unknown', context: '>>> RCPT To:<x>\n<<< 250 ok\n>>> DATA' },
      'recipient-refused',
    ],
    [
      'unknown without a command, but disabled outright',
      { diagnostic: 'user unknown', context: 'The account is disabled.' },
      'mailbox-disabled',
    ],
    [
      "Exim's own routers name no command",
      {
        diagnostic: 'Unknown user',
        context: 'The following address(es) failed:\n\n  ann@example.org\n    Unknown user',
      },
      'address-unknown',
    ],
    [
      'Exim names the command of another server',
      {
        diagnostic: '550 Unknown user',
        context: 'The following address(es) failed:\n\n  SMTP error from remote mail server after end of data:',
      },
      'recipient-refused',
    ],
    [
      'OpenSMTPD never names one',
      {
        diagnostic: '550 No such user here',
        context: 'An error has occurred while attempting to deliver a message for the following',
      },
      'address-unknown',
    ],
    ['Exim, routing to itself', { diagnostic: 'lowest numbered MX record points to local host' }, 'network'],
    ['552 without a word', { diagnostic: '552' }, 'mailbox-full'],
    [
      'a warning without a reason',
      { action: 'delayed', context: 'Your message has not yet been delivered.' },
      'network',
    ],
    ['nothing at all', {}, 'unknown'],
    [
      'several lines of one reply are one sentence',
      { diagnostic: '550-5.7.1 Your message is classified 550-5.7.1 as spam 550 5.7.1 bye' },
      'spam-content',
    ],
    [
      'an address between the words',
      { diagnostic: '550 5.0.0 account <ann@example.org> has been suspended' },
      'mailbox-disabled',
    ],
    [
      'words that name a host, not a cause',
      { diagnostic: '550 5.1.1 <spam@spam.example>: User unknown', context: RCPT },
      'address-unknown',
    ],
    [
      'a DKIM signature below the words is not about us',
      { diagnostic: '550 5.1.1 User unknown', context: 'sorry\nReceived: from x\nDKIM-Signature: c=relaxed; [TSS04]' },
      'address-unknown',
    ],
  ])('%s', (_reason, given, category) => {
    expect(explain(finding(given)).category).toBe(category);
  });
});

describe('scope and hardness', () => {
  it.each<[reason: string, given: Partial<Finding>, scope: string, hard: boolean]>([
    ['nobody of that name', { status: '5.1.1' }, 'recipient', true],
    ['no such domain', { status: '5.1.2' }, 'recipient', true],
    ['moved', { status: '5.1.6' }, 'recipient', true],
    [
      'hardness follows the cause, not the first digit: gave up on an unknown user',
      { status: '4.1.1' },
      'recipient',
      true,
    ],
    ['who still tries does not find it pointless', { status: '4.1.1', action: 'delayed' }, 'recipient', false],
    ['a disabled mailbox may be enabled again', { status: '5.2.1' }, 'recipient', false],
    ['a full mailbox is emptied some day', { status: '5.2.2' }, 'recipient', false],
    ['refused for its content', { diagnostic: '550 5.7.1 Spam detected' }, 'message', false],
    ['too large', { status: '5.3.4' }, 'message', false],
    ['blocked', { diagnostic: '554 5.7.1 blocked using zen.spamhaus.org' }, 'sender', false],
    ['relaying', { diagnostic: '550 5.7.1 Relaying denied' }, 'sender', false],
    ['no route', { status: '4.4.1' }, 'network', false],
    ['nothing said', {}, 'unknown', false],
  ])('%s', (_reason, given, scope, hard) => {
    expect(explain(finding(given))).toMatchObject({ scope, hard });
  });
});

describe('status and reply', () => {
  it.each<[reason: string, given: Partial<Finding>, status: string | null, replyCode: number | null]>([
    ['the Status field, where the diagnostic has no code', { status: '5.1.1', diagnostic: '550 no' }, '5.1.1', 550],
    ['the diagnostic is more specific', { status: '5.0.0', diagnostic: '550 5.1.1 User unknown' }, '5.1.1', 550],
    ['the Status field is more specific', { status: '5.1.1', diagnostic: '550 5.0.0 no' }, '5.1.1', 550],
    ['equally specific: what the server said', { status: '5.1.1', diagnostic: '552 5.2.2 Over quota' }, '5.2.2', 552],
    ['gave up says less than why', { status: '4.4.7', diagnostic: '450 4.7.1 Greylisted' }, '4.7.1', 450],
    [
      'a code within a code of a gateway',
      { status: '5.0.0', diagnostic: "5.1.0 - Unknown address error 550-'5.2.2 full' (delivery attempts: 0)" },
      '5.2.2',
      550,
    ],
    [
      'the reply that carries the status',
      { diagnostic: '554 4.4.7 Message expired: <421 4.4.2 Connection timed out>' },
      '4.4.2',
      421,
    ],
    [
      'the words around, where the diagnostic has none',
      { status: '5.0.0', context: '554 5.3.0 unknown mailer error 255' },
      '5.3.0',
      554,
    ],
    [
      'but not where it has one',
      { status: '5.0.0', diagnostic: '550 5.0.0 no', context: '550 5.1.1 of another' },
      '5.0.0',
      550,
    ],
    ['a success on the way is none of a failure', { context: '250 2.1.5 Ok\n550 5.1.1 no' }, '5.1.1', 550],
    [
      'a success is one of a delivery',
      { action: 'delivered', status: '2.0.0', diagnostic: '250 2.6.0 queued' },
      '2.6.0',
      250,
    ],
    ['nothing is made up from a reply', { diagnostic: '550 User unknown' }, null, 550],
    ['nothing is made up from words', { diagnostic: 'User unknown' }, null, null],
    ['a comment in the field', { status: '5.0.0 (permanent failure)' }, '5.0.0', null],
    ['an address is no code', { diagnostic: 'connect to 192.0.5.1[5.1.1.1]:25: timed out' }, null, null],
  ])('%s', (_reason, given, status, replyCode) => {
    expect(explain(finding(given))).toMatchObject({ status, replyCode });
  });
});

describe('what was done, where no field says so', () => {
  it.each<[reason: string, words: string, action: string]>([
    ['sendmail warns', 'THIS IS A WARNING MESSAGE ONLY. YOU DO NOT NEED TO RESEND YOUR MESSAGE', 'delayed'],
    [
      'Exim warns',
      'has not yet been delivered to one or more of its recipients after 2 days. Delivery attempts will continue for some time',
      'delayed',
    ],
    ['Postfix warns', 'It will be retried until it is 5 days old.', 'delayed'],
    [
      'Gmail warns',
      'Delivery to the following recipient has been delayed: Message will be retried for 2 more day(s)',
      'delayed',
    ],
    [
      'OpenSMTPD warns',
      'A message is delayed for more than 4 hours. Please note that this is only a temporary failure report.',
      'delayed',
    ],
    ['in German', 'Es wird weiterhin versucht, die Nachricht zuzustellen.', 'delayed'],
    ['sendmail defers', 'The following addresses had transient non-fatal errors', 'delayed'],
    [
      'Gmail warns of a failure to come',
      "Gmail will retry. You'll be notified if the delivery fails permanently.",
      'delayed',
    ],
    ['in Dutch', 'Uw bericht is nog niet bezorgd.', 'delayed'],
    ['in Russian', 'Сообщение ещё не доставлено.', 'delayed'],
    ['gave up, in other words', 'Your message was delayed. It has been too long in the queue.', 'failed'],
    ['qmail gave up', "I'm not going to try again; this message has been in the queue too long.", 'failed'],
    ['sendmail gave up', 'Message could not be delivered for 5 days. Message will be deleted from queue', 'failed'],
    ['delayed, and then given up', 'Your message was delayed for five days. Giving up.', 'failed'],
    ['Exim failed', 'This is a permanent error. The following address(es) failed:', 'failed'],
    ['nothing said', '', 'failed'],
    ['delivered', 'Your message was successfully delivered to ann@example.org', 'delivered'],
    ['delivered to some, refused by this one', 'Successfully delivered to others. 550 5.1.1 User unknown', 'failed'],
  ])('%s', (_reason, context, action) => {
    expect(explain(finding({ action: null, context })).action).toBe(action);
  });
});

/** Some thousand times what explain() takes for real text of that length: a slow machine passes, a pattern that backtracks does not. */
const MAX_MS = 3_000;

describe('hostile text', () => {
  it.each([
    ['the beginnings of phrases', 'mailbox mailbox user user '.repeat(160)],
    ['phrases that wait for their other half', 'user x '.repeat(600)],
    ['at signs', '@'.repeat(4000)],
    ['a word without end and at signs', `${'a'.repeat(2000)}@`.repeat(2)],
    ['digits and full stops', '5.1.'.repeat(1000)],
    ['codes', '550 5.1.1 '.repeat(400)],
    ['continued replies', '550-5.1.1 550-'.repeat(300)],
    ['hyphens', 'a-'.repeat(2000)],
    ['blanks', ' \t\n'.repeat(1400)],
    ['the beginnings of commands', '>>> rcpt '.repeat(440)],
    ['commands with blanks', `in reply to${' '.repeat(3000)}rcpt`],
    ['ideographs', '一杯拒病'.repeat(1000)],
    ['halves of surrogates', '\ud83d\udc00\ud83d'.repeat(1300)],
    ['what grows in lower case', 'İ'.repeat(4000)],
    ['headers', 'received\nreceived\n'.repeat(220)],
  ])('%s', (_what, text) => {
    explain(finding({ diagnostic: text, context: text, status: text, action: null }));
    const startedAt = performance.now();
    const { category } = explain(finding({ diagnostic: text, context: text, status: text, action: null }));
    expect(performance.now() - startedAt).toBeLessThan(MAX_MS);
    expect(category).toBeTypeOf('string');
  });
});
