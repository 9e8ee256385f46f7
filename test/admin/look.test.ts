// Plans, `verify` and the look before a restore come to a server no sooner than a drain would: not while the mailbox is stopped, not before the pause
// after a refused login is over, and not beside more connections than the host is to have.

import { expect, it } from 'vitest';
import { LOOKS_AT_ONCE, type LookContext, openLook } from '../../src/admin/look.ts';
import { planRestore, requireTarget } from '../../src/admin/restore-plan.ts';
import { verifyMailbox } from '../../src/admin/verify.ts';
import type { MailboxConfig } from '../../src/model.ts';
import { lockLogin, takeHostSlot } from '../../src/store/lock.ts';
import { resume } from '../../src/store/mailboxes.ts';
import { type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { sourceFor } from './turns.ts';

const { signal } = new AbortController();

async function planned(look: LookContext, mailbox: MailboxConfig): Promise<void> {
  const folder = await sourceFor({ look }, 'purge', {}).open(mailbox, null);
  await folder.close();
}

/** Everything that only looks. */
const LOOKS: readonly { name: string; at: (there: Scene, mailbox: MailboxConfig) => Promise<unknown> }[] = [
  { name: 'plan', at: (there, mailbox) => planned(there.look, mailbox) },
  { name: 'verify', at: (there, mailbox) => verifyMailbox({ ...there.look, signal }, mailbox) },
  { name: 'the plan of a restore', at: (there, mailbox) => planRestore(there.look, restoreInto(mailbox), signal) },
  {
    name: 'the look before a restore',
    at: (there, mailbox) => requireTarget(there.look, { mailbox, args: {} }, signal),
  },
];

function restoreInto(mailbox: MailboxConfig) {
  return { mailbox, args: {}, selection: { criteria: { all: true } }, stretch: { after: '0', until: '10' } } as const;
}

const logins = (there: Scene): number =>
  there.server.events.filter(({ name }) => /^(LOGIN|AUTHENTICATE)$/.test(name)).length;

const wrong = (there: Scene): MailboxConfig => ({
  ...there.mailbox,
  imap: { ...there.mailbox.imap, password: { value: () => 'wrong' } },
});

/** As if everything that was written down had happened so much earlier. */
async function later(there: Scene, time: string): Promise<void> {
  await there.rows(
    'update maildrain.mailbox set failing_since = failing_since - $1::interval, not_before = not_before - $1',
    [time],
  );
  await there.rows('update maildrain.run set started_at = started_at - $1::interval, finished_at = finished_at - $1', [
    time,
  ]);
}

describeWith('postgres', 'looking at a mailbox', () => {
  it.each(LOOKS)('$name of a mailbox that is stopped is refused, and the server is not asked', async ({ at }) => {
    const there = await scene();
    await there.drain();
    await there.rows(`update maildrain.mailbox set stopped_at = now(), stopped_code = 'AUTHENTICATION_FAILED'`);
    const before = logins(there);

    await expect(at(there, there.mailbox)).rejects.toMatchObject({
      code: 'MAILBOX_STOPPED',
      message: expect.stringContaining('maildrain resume inbox'),
    });

    expect(logins(there)).toBe(before);
    await resume(there.database.sql, 'inbox');
    await at(there, there.mailbox);
  });

  it.each(LOOKS)(
    '$name with a wrong password is refused once, and then not tried before the pause is over',
    async ({ at }) => {
      const there = await scene();
      await expect(at(there, wrong(there))).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' });
      expect(await there.standing()).toMatchObject({ failures: 1, last_error_code: 'AUTHENTICATION_FAILED' });
      for (const again of LOOKS)
        await expect(again.at(there, wrong(there))).rejects.toMatchObject({
          code: 'AUTHENTICATION_FAILED',
          message: expect.stringMatching(/^waits until .*"maildrain resume inbox"/),
          retryAfterMs: expect.any(Number),
        });
      // The pause is that of the drains too.
      expect(await there.drain()).toMatchObject({ outcome: 'waiting' });
      expect(logins(there)).toBe(1);
    },
  );

  it('plans from cron with a wrong password stop the mailbox, with an event, long before an account is locked', async () => {
    const there = await scene();
    let minutes = 0;
    for (; minutes < 240 && logins(there) < 10; minutes++) {
      await planned(there.look, wrong(there)).catch(() => {});
      await later(there, '1 minute');
    }
    expect(minutes).toBe(240);
    expect(logins(there)).toBeLessThanOrEqual(6);
    expect(await there.standing()).toMatchObject({ stopped_code: 'AUTHENTICATION_FAILED' });
    expect(await there.rows(`select 1 from maildrain.event where type = 'mailbox.stopped'`)).toHaveLength(1);
    await expect(planned(there.look, there.mailbox)).rejects.toMatchObject({ code: 'MAILBOX_STOPPED' });
  });

  it('of many plans at once with a wrong password one logs in', async () => {
    const there = await scene();
    const plans = Array.from({ length: 12 }, () => planned(there.look, wrong(there)));
    for (const each of await Promise.allSettled(plans))
      expect(each).toMatchObject({ reason: { code: 'AUTHENTICATION_FAILED' } });
    expect(logins(there)).toBe(1);
  });

  it('a login that is let in again begins a new count', async () => {
    const there = await scene();
    await expect(planned(there.look, wrong(there))).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' });
    await there.waitOver();
    await planned(there.look, there.mailbox);
    expect(await there.standing()).toMatchObject({ failures: 0, failing_since: null, last_error_code: null });
  });

  it('a folder that is not open to the login is no refused login, and a mailbox that works has no row for being looked at', async () => {
    const there = await scene();
    there.account.createFolder('Private');
    there.server.onCommand = ({ name, args }) =>
      name === 'EXAMINE' && args.includes('Private') ? { reply: 'NO [NOPERM] Permission denied' } : undefined;
    const source = sourceFor(there, 'flag', { add: ['\\Seen'] });
    await expect(source.open(there.mailbox, 'Private')).rejects.toMatchObject({ code: 'AUTHORIZATION_FAILED' });
    await planned(there.look, there.mailbox);
    expect(await there.rows('select 1 from maildrain.mailbox')).toEqual([]);
  });

  it('the pause after a lost line is no reason not to look', async () => {
    const there = await scene();
    there.deliver(1);
    there.server.onCommand = ({ name }) => (name === 'SELECT' ? { drop: 'before' } : undefined);
    expect(await there.drain()).toMatchObject({ outcome: 'failed', error: { code: 'CONNECTION_LOST' } });
    expect(await there.drain()).toMatchObject({ outcome: 'waiting' });
    await planned(there.look, there.mailbox);
  });

  it('waits for a connection to the host, and says when none becomes free', async () => {
    const there = await scene();
    const look: LookContext = { ...there.look, connectionsPerHost: 2, waitMs: 500 };
    const others = [await there.database.take(), await there.database.take()];
    for (const pen of others) expect(await takeHostSlot(pen.client, '127.0.0.1', 2, 0)).toBe(true);
    await expect(planned(look, there.mailbox)).rejects.toMatchObject({
      code: 'CONNECTION_LIMIT',
      message: expect.stringContaining('all 2 connections to 127.0.0.1 are in use (connectionsPerHost)'),
    });
    expect(logins(there)).toBe(0);

    const waiting = planned({ ...look, waitMs: 20_000 }, there.mailbox);
    await others[1]?.release();
    await waiting;

    // It has given its slot back.
    await planned(look, there.mailbox);
    await others[0]?.release();
  });

  it('goes on while a drain or a job holds the login', async () => {
    const there = await scene();
    const pen = await there.database.take();
    expect(await lockLogin(pen.client, there.login)).toBe(true);
    for (const { at } of LOOKS) await at(there, there.mailbox);
    await pen.release();
  });

  it('of more looks at once than a process has places for, each gets its turn', async () => {
    const there = await scene();
    const looks = Array.from({ length: 3 * LOOKS_AT_ONCE }, () => planned(there.look, there.mailbox));
    await Promise.all(looks);
    expect(there.said('EXAMINE')).toHaveLength(3 * LOOKS_AT_ONCE);
  });

  it('a look that is stopped gives back what it holds', async () => {
    const there = await scene();
    for (let n = 0; n < 2 * LOOKS_AT_ONCE; n++) {
      const stopping = new AbortController();
      there.server.onCommand = async ({ name }) => {
        if (name === 'EXAMINE') stopping.abort();
        return undefined;
      };
      const look: LookContext = { ...there.look, connectionsPerHost: 1 };
      const options = { folder: 'INBOX', signal: stopping.signal };
      await expect(openLook(look, there.mailbox, options)).rejects.toMatchObject({ code: 'ABORTED' });
    }
  });
});
