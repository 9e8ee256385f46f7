// Automatic replies as programs write them: which sort they are, when somebody is back, and what is no reply although it looks like one.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { read } from '../../src/mail/read.ts';
import type { AutoReply } from '../../src/model-reading.ts';

interface Message {
  header?: readonly string[];
  subject?: string;
  from?: string;
  body?: string;
  sent?: string;
}

const REPLIED = 'Auto-Submitted: auto-replied';

function raw({ header = [REPLIED], subject = 'Re: Offer', from, body = '', sent }: Message): Buffer {
  return Buffer.from(
    [
      `From: ${from ?? 'Ann Example <ann@example.org>'}`,
      'To: news@example.com',
      `Date: ${sent ?? 'Mon, 4 May 2026 10:00:00 +0000'}`,
      `Subject: ${/^[\x20-\x7e]*$/.test(subject) ? subject : `=?utf-8?B?${Buffer.from(subject).toString('base64')}?=`}`,
      'Message-ID: <reply@example.org>',
      ...header,
      'Content-Type: text/plain; charset=utf-8',
      '',
      body,
    ].join('\r\n'),
  );
}

function replyOf(message: Message): AutoReply | null {
  return read(raw(message)).verdict.autoReply;
}

describe('which sort of reply it is', () => {
  const cases: [why: string, message: Message, type: AutoReply['type']][] = [
    ['RFC 5230 vacation of Sieve', { body: 'I am on vacation and will read your mail later.' }, 'vacation'],
    ['the parameter names it', { header: ['Auto-Submitted: auto-replied (vacation)'], body: 'Hi.' }, 'vacation'],
    [
      'Exchange: auto-generated, told by its subject',
      {
        header: ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'],
        subject: 'Automatic reply: Offer',
        body: 'I am out of the office.',
      },
      'vacation',
    ],
    [
      'Exchange in German',
      {
        header: ['X-Auto-Response-Suppress: All'],
        subject: 'Automatische Antwort: Angebot',
        body: 'Ich bin im Urlaub.',
      },
      'vacation',
    ],
    [
      'Exchange in French, a blank before the colon',
      { header: [], subject: 'Réponse automatique : Offre', body: 'Je suis absente.' },
      'vacation',
    ],
    [
      'Japanese',
      { header: [REPLIED], subject: '自動応答: 件名', body: '夏季休業のため、ご返信が遅れます。' },
      'vacation',
    ],
    [
      'Gmail',
      { header: [REPLIED, 'Precedence: bulk', 'X-Autoreply: yes'], body: 'Ich bin bis auf Weiteres abwesend.' },
      'vacation',
    ],
    [
      'the program vacation, years ago',
      { header: ['Precedence: junk'], subject: 'Re: Offer', body: "I'm away from my mail this week." },
      'vacation',
    ],
    [
      'an empty return path and words',
      { header: ['Return-Path: <>', 'In-Reply-To: <o@example.com>'], subject: 'Offer', body: 'Estoy de vacaciones.' },
      'vacation',
    ],
    ['iCloud', { header: ['X-Apple-Action: VACATION'], body: 'Sleeping.' }, 'vacation'],
    ['a vacation that thanks first', { body: 'Thank you for your message. I am currently on leave.' }, 'vacation'],
    [
      'an office that is closed',
      { body: 'Thank you for contacting us. Our office is closed for the holidays.' },
      'vacation',
    ],
    [
      'somebody who left',
      { body: 'Ann Example is no longer with the company. Please write to bob@example.org.' },
      'left',
    ],
    [
      'left, with thanks and an absence',
      { body: 'Thank you for your mail. I have left the company and am out of the office.' },
      'left',
    ],
    ['left, in German', { body: 'Frau Beispiel ist nicht mehr im Unternehmen tätig.' }, 'left'],
    ['left, in French with a typographic apostrophe', { body: 'Ann Exemple n’est plus en poste.' }, 'left'],
    ['left, in Japanese', { subject: '自動返信', body: '田中は3月末で退職いたしました。' }, 'left'],
    ['left the office for a holiday is not left', { body: 'I have left the office for my annual leave.' }, 'vacation'],
    ['an address nobody reads', { body: 'This mailbox is no longer monitored.' }, 'left'],
    [
      'a challenge',
      { body: 'To make sure that you are not a robot, please confirm that you are human: https://example.org/c' },
      'challenge',
    ],
    [
      'TMDA',
      {
        header: ['X-TMDA-Confirm: ann-confirm-1@example.org'],
        subject: 'Please confirm your message',
        body: 'Your message is being held until you confirm.',
      },
      'challenge',
    ],
    [
      'a receipt',
      {
        header: ['X-Autorespond: info'],
        body: 'We have received your message and will get back to you within two days.',
      },
      'receipt',
    ],
    [
      'a ticket that was opened, of Request Tracker',
      {
        header: ['Auto-Submitted: auto-replied', 'RT-Ticket: example.org #12'],
        subject: '[example.org #12] AutoReply: Offer',
        body: 'A ticket has been opened.',
      },
      'receipt',
    ],
    [
      'a ticket, of Zendesk: auto-generated, but it answers',
      {
        header: ['Auto-Submitted: auto-generated', 'In-Reply-To: <o@example.com>'],
        subject: '[Request received] Offer',
        body: 'Your request (#12) has been received.',
      },
      'receipt',
    ],
    [
      'Precedence: auto_reply',
      { header: ['Precedence: auto_reply'], subject: 'Hello', body: 'Gracias por contactar con nosotros.' },
      'receipt',
    ],
    [
      'Notes, whose subject says it all',
      {
        header: [],
        subject: 'AUTO: Ann Example is out of the office (returning 05/18/2026)',
        body: 'I am out of the office until 05/18/2026.',
      },
      'vacation',
    ],
    [
      'a service that asks in the name of its user',
      {
        header: [],
        from: 'Ann via Boxbe <noreply@boxbe.com>',
        subject: 'Re: Offer (Action Required)',
        body: 'You are not yet on the guest list of Ann.',
      },
      'challenge',
    ],
    ['nothing that tells', { body: 'Quack.' }, 'other'],
    ['a short word is not found within a longer one', { body: 'Our executive is persecuted.' }, 'other'],
  ];
  it.each(cases)('%s', (_why, message, type) => {
    expect(replyOf(message)?.type).toBe(type);
  });
});

describe('the absence of a Domino server', () => {
  it.each([
    [
      'Kim Field/SALES/Acme is out of the office.',
      'I will be out of the office starting 05/04/2026 and will not return until 05/11/2026.',
      ['Return-Path: <>'],
    ],
    [
      'Kim Field is out of the office.',
      'I will be out of the office until 05/11/2026.',
      ['Auto-Submitted: auto-generated'],
    ],
    ['Kim Feld ist außer Haus.', 'Ich werde ab 04.05.2026 nicht im Büro sein.', ['Return-Path: <>']],
    ['Kim Champ est absent(e) du bureau.', 'Je serai absent(e) à partir du 04/05/2026.', ['Return-Path: <>']],
  ])('%s', (subject, body, header) => {
    expect(replyOf({ subject, body, header })?.type).toBe('vacation');
  });

  it.each([
    ['a person', 'Kim is out of the office', 'I will be out of the office too.', ['Return-Path: <ann@example.org>']],
    [
      'a notice of a calendar',
      'Kim Field is out of the office',
      'Kim Field will be out of the office from 4 May.',
      ['Auto-Submitted: auto-generated'],
    ],
    ['nothing about it in the body', 'Your order is out of the office', 'I am the order robot.', ['Return-Path: <>']],
    [
      'another end',
      'Out of the office: five templates',
      'I am out of the office.',
      ['Return-Path: <>', 'List-Id: <a.b>'],
    ],
  ])('is not %s', (_why, subject, body, header) => {
    expect(replyOf({ subject, body, header })).toBeNull();
  });
});

describe('what is no automatic reply', () => {
  const cases: [why: string, message: Message][] = [
    [
      'a person on holidays',
      { header: [], subject: 'Out of office next week', body: 'I am on vacation next week, see you!' },
    ],
    [
      'a person who answers an automatic reply',
      { header: ['In-Reply-To: <a@b>'], subject: 'Re: Automatic reply: Offer', body: 'Enjoy your vacation.' },
    ],
    [
      'a person who forwards one',
      { header: [], subject: 'Fwd: Automatic reply: Offer', body: 'FYI, he is on vacation.' },
    ],
    [
      'a series of letters',
      {
        header: ['X-Mailer: AutoResponder 3', 'List-Unsubscribe: <https://example.com/u>'],
        subject: 'Lesson 2',
        body: 'Vacation planning.',
      },
    ],
    ['a car', { header: [], subject: 'Auto: Werkstatt am Montag', body: 'Bitte abholen.' }],
    [
      'a comment on a ticket',
      {
        header: ['Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All', 'In-Reply-To: <t@example.org>'],
        subject: 'Re: [Support #4] Printer',
        body: 'I am on vacation until 5 May.',
      },
    ],
    [
      'an approval',
      {
        header: ['Auto-Submitted: auto-generated'],
        subject: 'Vacation request approved',
        body: 'Your vacation from 5 May is approved.',
      },
    ],
    [
      'a newsletter about it',
      {
        header: ['List-Unsubscribe: <https://example.com/u>', 'Precedence: bulk'],
        subject: 'Out of office: five templates',
        body: 'I am out of the office ...',
      },
    ],
    [
      'a job that cron ran',
      { header: ['Auto-Submitted: auto-generated'], subject: 'Cron <root@h> vacation-check', body: 'out of office: 3' },
    ],
    [
      'Auto-Submitted: no',
      { header: ['Auto-Submitted: no'], subject: 'Re: Offer', body: 'I will be out of the office.' },
    ],
    ['a daemon with words of nothing', { from: 'MAILER-DAEMON@example.org', body: 'Something about your mail.' }],
  ];
  it.each(cases)('%s', (_why, message) => {
    expect(read(raw(message)).kind).toBe('other');
  });
});

describe('the day of return', () => {
  const cases: [text: string, until: string | null, why?: string][] = [
    ['I am on vacation until May 15.', '2026-05-15'],
    [
      'I am out of the office from May 4 through May 15, returning Monday, May 18th.',
      '2026-05-18',
      'return before until',
    ],
    ['I will be out of the office July 10-31.', '2026-07-31', 'the later of a range'],
    ['I am out of the office 10 - 31 July 2026.', '2026-07-31'],
    ['I am away from my desk and will be back in the office on Tuesday the 2nd of June.', '2026-06-02'],
    ['On June 2 I will be back. Until then I am out of office.', '2026-06-02'],
    ['I am out of the office until 2026-05-20.', '2026-05-20'],
    ['I am on leave until 04/05/2026.', null, 'April or May'],
    ['I am on leave from 04/20/2026 until 05/06/2026.', '2026-05-06', 'its first date shows the order'],
    ['I am on leave until 25/06.', '2026-06-25'],
    ['Out of office until 6/6.', '2026-06-06', 'the same either way'],
    ['I am out of office until Monday.', null, 'a weekday is no date'],
    ['I am out of office. Call 24/7, until 5 pm.', null, 'no dates'],
    ['I am out of the office until February 31.', null, 'no such day'],
    ['I am on leave until 10 January.', '2027-01-10', 'next year'],
    ['I am on leave until 20 April.', '2026-04-20', 'forgotten since'],
    ['Ich bin bis zum 15. Mai im Urlaub.', '2026-05-15'],
    ['Ich bin vom 4.5. bis einschließlich Freitag, 15.05.2026 nicht im Büro.', '2026-05-15'],
    ['Ich bin abwesend. Ab dem 18. Mai 2026 bin ich wieder erreichbar.', '2026-05-18'],
    ['Ich bin im Urlaub vom 10. - 14. August.', '2026-08-14'],
    ['Urlaub: am 18.5. bin ich zurück.', '2026-05-18'],
    ["Je suis absente jusqu'au 15 mai 2026 inclus.", '2026-05-15'],
    ['Je suis en congés du 4 au 15 mai. De retour le lundi 18 mai.', '2026-05-18'],
    ["Je suis absent jusqu'au 05/06.", '2026-06-05', 'French writes the day first'],
    ['Estaré de vacaciones hasta el 15 de mayo de 2026.', '2026-05-15'],
    ['Estoy fuera de la oficina. Regreso el día 1º de junio.', '2026-06-01'],
    ['Sono in ferie fino al 15 maggio, rientrerò il 18 maggio.', '2026-05-18'],
    ['Estou de férias até o dia 15 de maio.', '2026-05-15'],
    ['Ik ben met vakantie t/m 15 mei en ben vanaf 18 mei weer bereikbaar.', '2026-05-18'],
    ['Jag är på semester till och med den 15 maj.', '2026-05-15'],
    ['Jeg holder ferie og er tilbage den 18. maj.', '2026-05-18'],
    ['Olen lomalla 15.5. saakka.', '2026-05-15'],
    ['Olen lomalla. Palaan töihin 18.5.2026.', '2026-05-18'],
    ['Jestem na urlopie do 15 maja.', '2026-05-15'],
    ['Jsem na dovolené do 15. května 2026.', '2026-05-15'],
    ['Я в отпуске до 15 мая.', '2026-05-15'],
    ['Нахожусь в отпуске с 4 по 15 мая 2026 г.', '2026-05-15'],
    ['15 Mayıs tarihine kadar izindeyim.', '2026-05-15'],
    ['5月15日(金)まで休暇をいただいております。', '2026-05-15'],
    ['5月4日から5月15日まで不在にしております。5月18日より出社いたします。', '2026-05-18'],
    ['休暇のため 5/15 まで不在です。', '2026-05-15', 'Japanese writes the month first'],
    ['我将于5月4日至5月15日休假。', '2026-05-15'],
    ['5월 15일까지 휴가입니다.', '2026-05-15'],
    ['I am out of the office since 1 May.', null, 'a beginning'],
  ];
  it.each(cases)('%s', (body, until) => {
    expect(replyOf({ body })).toEqual({ type: 'vacation', until });
  });

  it('in the subject', () => {
    expect(replyOf({ subject: 'Away until May 5', body: 'I have limited access to email.' })?.until).toBe('2026-05-05');
  });

  it('a date that is all it says makes it an absence', () => {
    expect(replyOf({ body: 'Back on 18 May.' })).toEqual({ type: 'vacation', until: '2026-05-18' });
  });

  it('is not that of the message it quotes, nor of somebody who left', () => {
    expect(replyOf({ body: 'I am on vacation.\n\n> until 15 May' })?.until).toBeNull();
    expect(replyOf({ body: 'Ann is no longer with the company. Until 15 May write to Bob.' })?.until).toBeNull();
  });

  it('needs a year or the day on which it was sent', () => {
    expect(replyOf({ sent: 'yesterday', body: 'I am on vacation until May 15.' })?.until).toBeNull();
    expect(replyOf({ sent: 'yesterday', body: 'I am on vacation until May 15, 2026.' })?.until).toBe('2026-05-15');
  });
});

it('names who replied, and to what', () => {
  const { verdict } = read(
    raw({ header: [REPLIED, 'References: <a@example.com> <b@example.com>'], body: 'On vacation.' }),
  );
  expect(verdict).toMatchObject({ kind: 'auto-reply', originalMessageId: 'b@example.com', rule: 'rfc3834' });
  expect(verdict.recipients).toMatchObject([{ address: 'ann@example.org', action: null, hard: null }]);
});

it('takes no longer for words that were made to be slow', () => {
  const bodies = [
    '5. '.repeat(20_000),
    '1-1-'.repeat(20_000),
    'may '.repeat(20_000),
    'bis zum '.repeat(10_000),
    '\u{1F600}5/'.repeat(20_000),
  ];
  const startedAt = performance.now();
  for (const body of bodies) replyOf({ body });
  // Each is a few milliseconds; a quadratic pattern takes seconds.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
