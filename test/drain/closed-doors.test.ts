// A drain that cannot begin: login, TLS, the mailbox. Each has a code, a message that says what to do, and its mark on the mailbox row;
// nothing is fetched, nothing stored, nothing touched.

import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { ImapServerOptions } from '../../src/demo/imap-server/options.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { describeWith } from '../support/fresh.ts';
import { makeCertificate } from './certificates.ts';
import { expectSameMail, type MailboxChanges, type Scene, scene } from './scene.ts';

interface Row {
  readonly why: string;
  readonly server?: Partial<ImapServerOptions>;
  readonly mailbox?: MailboxChanges;
  readonly prepare?: (there: Scene) => void;
  readonly code: ErrorCode;
  /** What the message tells a person to do. */
  readonly advice: string;
  /** Range of the pause, minutes. Null: the mailbox is stopped at once. */
  readonly pause: readonly [number, number] | null;
}

const reply = (command: string, answer: string) => (there: Scene) => {
  there.server.onCommand = ({ name }) => (name === command ? { reply: answer } : undefined);
};

const login = (answer: string) => (there: Scene) => {
  there.server.onCommand = ({ name }) => (/^(LOGIN|AUTHENTICATE)$/.test(name) ? { reply: answer } : undefined);
};

const cases: readonly Row[] = [
  {
    why: 'a wrong password',
    mailbox: { imap: { password: { value: () => 'wrong' } } },
    code: 'AUTHENTICATION_FAILED',
    advice: 'check user and password',
    pause: [1.4, 2.6],
  },
  {
    why: 'too many connections, said as Dovecot does, with NO to the login',
    server: { maxConnections: 0 },
    code: 'CONNECTION_LIMIT',
    advice: 'lower connectionsPerHost',
    pause: [0.3, 0.7],
  },
  {
    why: 'a login server that is down, said with NO [UNAVAILABLE]',
    prepare: login('NO [UNAVAILABLE] Temporary authentication failure.'),
    code: 'SERVER_UNAVAILABLE',
    advice: 'not available at present',
    pause: [0.3, 0.7],
  },
  {
    why: 'an expired password',
    prepare: login('NO [EXPIRED] Password expired'),
    code: 'CREDENTIAL_EXPIRED',
    advice: 'set a new one',
    pause: [1.4, 2.6],
  },
  {
    why: 'a mailbox in use elsewhere',
    prepare: reply('SELECT', 'NO [INUSE] Mailbox is locked'),
    code: 'MAILBOX_IN_USE',
    advice: '',
    pause: [0.3, 0.7],
  },
  {
    why: 'Exchange that asks for five minutes, whose milliseconds are kept',
    prepare: reply('SELECT', 'NO Request is throttled. Suggested Backoff Time: 1299961 milliseconds'),
    code: 'SERVER_THROTTLED',
    advice: 'asks for a pause',
    pause: [21.6, 21.7],
  },
  {
    why: 'the same, said to the login with BAD',
    prepare: login('BAD Request is throttled. Suggested Backoff Time: 1299961 milliseconds'),
    code: 'SERVER_THROTTLED',
    advice: 'asks for a pause',
    pause: [21.6, 21.7],
  },
  {
    why: 'Exchange that logs in and does not connect',
    prepare: reply('LIST', 'BAD User is authenticated but not connected.'),
    code: 'AUTHORIZATION_FAILED',
    advice: 'licence',
    pause: [1.4, 2.6],
  },
  {
    why: 'a mailbox that opens read-only',
    server: { readOnly: true },
    code: 'MAILBOX_READ_ONLY',
    advice: 'grant this login write access, or set dispose: keep',
    pause: [0.7, 1.3],
  },
  {
    why: 'a mailbox that does not exist',
    mailbox: { folder: 'Nowhere' },
    code: 'MAILBOX_MISSING',
    advice: 'Nowhere',
    pause: [0.7, 1.3],
  },
  {
    why: 'a mailbox that only holds others',
    mailbox: { folder: 'Archive' },
    prepare: (there) => there.account.createFolder('Archive', { attributes: ['\\Noselect', '\\HasChildren'] }),
    code: 'MAILBOX_MISSING',
    advice: 'only holds other mailboxes',
    pause: [0.7, 1.3],
  },
  {
    why: 'LOGINDISABLED in clear text',
    server: { loginDisabled: true },
    code: 'LOGIN_DISABLED',
    advice: 'tls: starttls',
    pause: [0.7, 1.3],
  },
  {
    why: 'STARTTLS that is wanted and not offered',
    mailbox: { imap: { tls: 'starttls' } },
    code: 'STARTTLS_MISSING',
    advice: 'offers no STARTTLS',
    pause: [0.7, 1.3],
  },
  {
    why: 'TLS spoken to a server without it',
    mailbox: { imap: { tls: 'implicit' } },
    code: 'TLS_FAILED',
    advice: 'check host, port and the tls setting',
    pause: [0.05, 0.2],
  },
  {
    why: 'a host name nobody has',
    mailbox: { imap: { host: 'mail.invalid' } },
    code: 'HOST_UNKNOWN',
    advice: 'check imap.host',
    pause: [0.05, 0.2],
  },
  {
    why: 'a target that is missing',
    mailbox: { dispose: { kind: 'move', to: 'Done', create: false } },
    prepare: (there) => there.deliver(1),
    code: 'TARGET_MISSING',
    advice: 'create: true',
    pause: [0.7, 1.3],
  },
  {
    why: 'a target that the server does not make',
    mailbox: { dispose: { kind: 'move', to: 'Done', create: true } },
    prepare: (there) => {
      there.deliver(1);
      reply('CREATE', 'NO [CANNOT] Not below this name')(there);
    },
    code: 'TARGET_MISSING',
    advice: 'does not make a mailbox "Done" ("Not below this name"): make it yourself',
    pause: [0.7, 1.3],
  },
  {
    why: 'a target that is the mailbox itself',
    mailbox: { dispose: { kind: 'move', to: 'INBOX', create: false } },
    code: 'TARGET_MISSING',
    advice: 'dispose: delete',
    pause: [0.7, 1.3],
  },
  {
    why: 'a target that is the mailbox itself, without the prefix of the namespace',
    mailbox: { folder: 'INBOX/Work', dispose: { kind: 'move', to: 'Work', create: true } },
    prepare: (there) => there.account.createFolder('INBOX/Work'),
    server: {
      onCommand: ({ name }) =>
        name === 'NAMESPACE' ? { untagged: ['NAMESPACE (("INBOX/" "/")) NIL NIL'], reply: 'OK done' } : undefined,
    },
    code: 'TARGET_MISSING',
    advice: 'dispose: delete',
    pause: [0.7, 1.3],
  },
];

describeWith('postgres', 'a drain that meets', () => {
  it.each(cases)('$why: $code', async ({ server, mailbox, prepare, code, advice, pause }) => {
    const there = await scene(server, mailbox);
    prepare?.(there);
    const mail = there.left().length;

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'failed', disposed: 0, error: { code } });
    expect(report.error?.message).toContain(advice);
    expect(report.error?.message).not.toContain('correct horse');
    const row = await there.standing();
    expect(row).toMatchObject({ failures: 1, stopped_at: null, stopped_code: null, last_error_code: code });
    const minutes = ((row.not_before?.getTime() ?? 0) - Date.now()) / 60_000;
    expect(minutes).toBeGreaterThan((pause?.[0] ?? 0) - 0.1);
    expect(minutes).toBeLessThan(pause?.[1] ?? 0);
    expect(report.retryAt?.getTime()).toBe(row.not_before?.getTime());
    expect(there.left()).toHaveLength(mail);

    const connections = new Set(there.server.events.map(({ connection }) => connection)).size;
    expect(await there.drain()).toMatchObject({ outcome: 'waiting', retryAt: row.not_before });
    expect(new Set(there.server.events.map(({ connection }) => connection)).size).toBe(connections);
  });

  it('a read-only mailbox, and is told to keep the mail: stores it once', async () => {
    const there = await scene({ readOnly: true }, { dispose: { kind: 'keep' } });
    const mail = there.deliver(2);
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 2 });
    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 0 });
    expectSameMail(await there.stored(), mail);
  });

  it('no server at all: UNREACHABLE', async () => {
    const there = await scene();
    await there.server.close();

    const report = await there.drain();

    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'UNREACHABLE' } });
    expect(report.error?.message).toContain('check host and port');
    expect(await there.standing()).toMatchObject({ failures: 1, stopped_at: null });
  });

  const localhost = 'DNS:localhost,IP:127.0.0.1';

  it.each(['implicit', 'starttls'] as const)(
    'a certificate nobody vouches for (%s): CERTIFICATE_INVALID, no password sent',
    async (tls) => {
      const { material } = makeCertificate(localhost);
      const there = await scene(tls === 'implicit' ? { implicitTls: material } : { startTls: material }, {
        imap: { tls },
      });

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'failed', error: { code: 'CERTIFICATE_INVALID' } });
      expect(report.error?.message).toContain('caFile');
      expect(await there.standing()).toMatchObject({ failures: 1, stopped_at: null, not_before: expect.any(Date) });
      expect([...there.said('LOGIN'), ...there.said('AUTHENTICATE')]).toEqual([]);
    },
  );

  it.each(['implicit', 'starttls'] as const)(
    'a certificate for another name (%s): CERTIFICATE_INVALID, no password sent',
    async (tls) => {
      const { material, caFile } = makeCertificate('DNS:mail.example.org');
      const there = await scene(tls === 'implicit' ? { implicitTls: material } : { startTls: material }, {
        imap: { tls, caFile },
      });

      const report = await there.drain();

      expect(report).toMatchObject({ outcome: 'failed', error: { code: 'CERTIFICATE_INVALID' } });
      expect(report.error?.message).toContain('connect by the name it is issued for');
      expect([...there.said('LOGIN'), ...there.said('AUTHENTICATE')]).toEqual([]);
    },
  );

  it.each(['implicit', 'starttls'] as const)('a certificate that caFile vouches for (%s): drains', async (tls) => {
    const { material, caFile } = makeCertificate(localhost);
    const options = tls === 'implicit' ? { implicitTls: material } : { startTls: material, loginDisabled: true };
    const there = await scene(options, { imap: { tls, caFile } });
    const mail = there.deliver(2);

    expect(await there.drain()).toMatchObject({ outcome: 'done', stored: 2, disposed: 2 });
    expectSameMail(await there.stored(), mail);
  });

  it('a caFile that cannot be read: CERTIFICATE_INVALID that names it', async () => {
    const there = await scene({}, { imap: { tls: 'starttls', caFile: '/nowhere/ca.pem' } });
    const report = await there.drain();
    expect(report.error).toEqual({ code: 'CERTIFICATE_INVALID', message: expect.stringContaining('/nowhere/ca.pem') });
  });

  it.each([
    { greeting: '* BYE Too many connections from your host\r\n', code: 'CONNECTION_LIMIT' },
    { greeting: '* BYE Server shutting down\r\n', code: 'CONNECTION_LOST' },
    { greeting: '', code: 'CONNECTION_LOST' },
  ])('a server that hangs up at once ("$greeting"): $code', async ({ greeting, code }) => {
    const there = await scene();
    const door = createServer((socket) => socket.on('error', () => {}).end(greeting));
    await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void door.close());
    const address = door.address();
    if (address === null || typeof address === 'string') throw new Error('no port');

    const report = await there.drain({ imap: { port: address.port } });

    expect(report).toMatchObject({ outcome: 'failed', error: { code } });
  });

  it('refused logins for hours: stops at the fifth, and an outage before them does not count', async () => {
    const there = await scene();
    const refused = { imap: { password: { value: () => 'wrong' } } };
    const later = (): Promise<unknown> =>
      there.rows(
        `with past as (update maildrain.run set finished_at = finished_at - interval '10 minutes')
         update maildrain.mailbox set not_before = null, failing_since = failing_since - interval '10 minutes'`,
      );
    there.server.onCommand = () => ({ drop: 'before' });
    for (let i = 0; i < 6; i++) {
      expect(await there.drain()).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LOST' } });
      await later();
    }
    there.server.onCommand = undefined;

    for (let i = 0; i < 4; i++) {
      expect(await there.drain(refused)).toMatchObject({ outcome: 'failed', error: { code: 'AUTHENTICATION_FAILED' } });
      await later();
    }
    expect(await there.drain(refused)).toMatchObject({ outcome: 'stopped' });
    expect(await there.standing()).toMatchObject({
      failures: 11,
      stopped_code: 'AUTHENTICATION_FAILED',
      not_before: null,
    });
    expect(await there.drain()).toMatchObject({
      outcome: 'stopped',
      notes: [expect.stringContaining('maildrain resume inbox')],
    });
  });
});
