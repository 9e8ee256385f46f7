// Admin jobs on the command line, as processes: the plan, the question, the queue, following, detaching, cancelling, and no worker at all.

import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { describeWith } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { CANARY, mailboxLines, makeWorld, message, type Running, type World } from './maildrain.ts';

/** Nothing is drained meanwhile: the messages are the jobs' own. */
const KEEP = 'dispose: keep';

/** What a plan is about comes first, however it was come by. */
const PLAN_KEYS =
  'id job mailbox folder uidValidity messages bytes oldest newest sample login criteria args createdBy createdAt jobId jobState'.split(
    ' ',
  );

async function world(messages: number): Promise<World> {
  const made = await makeWorld({ dispose: KEEP });
  for (let n = 1; n <= messages; n++)
    made.imap.account('ann').deliver(message(`number ${n}`), { internalDate: new Date(Date.UTC(2014, 0, n % 28)) });
  expect((await made.run('migrate')).code).toBe(0);
  return made;
}

const onServer = (made: World, folder = 'INBOX'): number => made.imap.account('ann').messages(folder).length;

async function query<T extends pg.QueryResultRow>(made: World, text: string): Promise<T[]> {
  const client = new pg.Client(made.databaseUrl);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

async function serve(made: World): Promise<Running> {
  const running = made.start('serve', '--log-level', 'info');
  await running.says(/"msg":"serving"/);
  return running;
}

describeWith('postgres', 'admin jobs', () => {
  it('from cron with a wrong password ask the server once, and say with exit code 3 that the mailbox is stopped', async () => {
    const made = await world(1);
    let logins = 0;
    made.imap.onCommand = ({ name }) => {
      if (!/^(LOGIN|AUTHENTICATE)$/.test(name)) return undefined;
      logins++;
      return { reply: 'NO [AUTHENTICATIONFAILED] Invalid credentials' };
    };
    const purge = ['purge', 'bounces', '--all', '--yes', '--detach'] as const;
    const refused = await made.run(...purge);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('AUTHENTICATION_FAILED: the server') });
    const paused = await made.run(...purge);
    expect(paused).toMatchObject({ code: 1, stderr: expect.stringContaining('AUTHENTICATION_FAILED: waits until') });
    expect(logins).toBe(1);
    expect((await made.run('status')).stdout).toContain('AUTHENTICATION_FAILED');
    await query(made, `update maildrain.mailbox set stopped_at = now(), stopped_code = last_error_code`);
    const stopped = await made.run(...purge);
    expect(stopped).toMatchObject({ code: 3, stderr: expect.stringContaining('MAILBOX_STOPPED') });
    expect((await made.run('verify', 'bounces')).code).toBe(3);
    expect(logins).toBe(1);
    expect(onServer(made)).toBe(1);
  });

  it('shows a plan and keeps it; applied later here, it does that and no more', async () => {
    const made = await world(30);
    const dry = await made.run('purge', 'bounces', '--before', '2015-01-01', '--dry-run');
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toMatch(/^plan 1: take 30 messages off the server, once they are stored here\n/);
    expect(dry.stdout).toMatch(/which +before 2015-01-01/);
    expect(dry.stdout).toMatch(/messages +30, /);
    expect(dry.stdout).toContain('Ann Example <ann@example.org>');
    expect(dry.stdout).toContain('... and 20 more');
    expect(dry.stderr).toContain('nothing was changed; to do it: maildrain plans apply 1');
    expect(onServer(made)).toBe(30);
    made.imap.account('ann').deliver(message('late'), { internalDate: new Date(Date.UTC(2014, 0, 1)) });

    const refused = await made.run('plans', 'apply', '1');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('give --yes');
    const applied = await made.run('plans', 'apply', '1', '--yes', '--here');
    expect(applied.stderr).toBe('');
    expect(applied.code).toBe(0);
    expect(applied.stdout).toMatch(/job 1 \(purge bounces\): done\n {2}30 of 30 done, .*disposed 30/);
    expect(onServer(made)).toBe(1);
    expect(await query(made, 'select count(*)::int as n from maildrain.message')).toEqual([{ n: 30 }]);
    const twice = await made.run('plans', 'apply', '1', '--yes', '--here');
    expect(twice).toMatchObject({ code: 2 });
    expect(twice.stderr).toContain('PLAN_APPLIED: plan 1 has been applied by job 1, which is done');
    expect(twice.stderr).not.toContain('retry');
    await query(made, "update maildrain.admin_job set state = 'failed', error_code = 'CONNECTION_LOST'");
    expect((await made.run('plans', 'apply', '1', '--yes')).stderr).toContain('"maildrain jobs retry 1"');
    await query(made, "update maildrain.admin_job set error_code = 'PLAN_OUTDATED'");
    expect((await made.run('plans', 'apply', '1', '--yes')).stderr).not.toContain('retry');
    await query(made, "update maildrain.admin_job set state = 'done', error_code = null");

    const [plan] = (await made.run('plans', 'show', '1', '--json')).documents;
    expect(Object.keys(plan)).toEqual(PLAN_KEYS);
    expect(Object.keys((await made.run('plans', 'list', '--json')).documents[0])).toEqual(PLAN_KEYS);
    expect(plan).toMatchObject({ id: '1', job: 'purge', messages: 30, jobId: '1', jobState: 'done', folder: 'INBOX' });
    expect((await made.run('plans', 'list')).stdout).toMatch(/^ID +JOB.*\n1 +purge +bounces +30 /);
    const [job] = (await made.run('jobs', 'show', '1', '--json')).documents;
    expect(job).toMatchObject({ state: 'done', planId: '1', done: 30, counts: { disposed: 30 } });
    expect(job.requestedBy).not.toBe('');
    expect((await made.run('jobs', 'show', '1')).stdout).toMatch(/^job 1: done\n {2}job +purge\n/);
    expect((await made.run('jobs', 'show', '1')).stdout).not.toContain('options');
    expect((await made.run('jobs', 'list', '--state', 'done')).stdout).toMatch(/1 +purge +bounces +30 of 30/);
    const runs = await query(made, `select report from maildrain.run where job = 'purge'`);
    expect(runs).toMatchObject([{ report: { planId: '1', outcome: 'done', requestedBy: job.requestedBy } }]);
  });

  it('refuses what says nothing, what is unknown and what cannot be, each with its words', async () => {
    const made = await world(1);
    const cases: [string[], number, RegExp][] = [
      [['purge', 'bounces'], 2, /CRITERIA_INVALID: say which messages/],
      [['purge', 'bounces', '--before', '2015-02-31'], 2, /CRITERIA_INVALID: --before "2015-02-31"/],
      [['jobs', 'list', '--mailbox', 'bouncse'], 2, /MAILBOX_UNKNOWN: .*did you mean "bounces"/],
      [['plans', 'list', '--mailbox', 'bouncse'], 2, /MAILBOX_UNKNOWN: .*did you mean "bounces"/],
      [['purge', 'bouncse', '--all'], 2, /MAILBOX_UNKNOWN: .*did you mean "bounces"/],
      [['purge', 'bounces', '--all', '--folder', 'Trahs'], 1, /MAILBOX_MISSING: .*"Trash"/],
      [
        ['purge', 'bounces', '--all', '--no-store'],
        2,
        /USAGE: without storing them first, this is done with --yes only/,
      ],
      [['move', 'bounces', '--all'], 2, /required option '--to <folder>'/],
      [['move', 'bounces', '--all', '--to', 'Nowhere', '--yes'], 1, /TARGET_MISSING: .*"Nowhere".*"--create"/],
      [['move', 'bounces', '--all', '--to', 'Trahs', '--yes'], 1, /did you mean "Trash"\? "--create"/],
      [
        ['purge', 'bounces', '--kind', 'letter'],
        2,
        /must be one of bounce, complaint, auto-reply, mdn, other, unreadable/,
      ],
      [['flag', 'bounces', '--all', '--yes'], 2, /REQUEST_INVALID: flag: say which flag: --add FLAG or --remove FLAG/],
      [
        ['flag', 'bounces', '--all', '--add', 'a b', '--yes'],
        2,
        /REQUEST_INVALID: flag: add: a flag is one of \\Seen, /,
      ],
      [
        ['flag', 'bounces', '--all', '--add', 'Seen', '--yes'],
        2,
        /REQUEST_INVALID: flag: add: "Seen" would be a keyword: say '\\Seen', in quotes/,
      ],
      [['jobs', 'show', '99'], 1, /NOT_THERE: there is no job 99/],
      [['jobs', 'show', 'x'], 2, /REQUEST_INVALID: "x" is no id: an id is a whole number/],
      [['plans', 'show', 'abc'], 2, /REQUEST_INVALID: "abc" is no id/],
      [['jobs', 'cancel', '99'], 1, /NOT_THERE/],
      [['plans', 'apply', '99', '--yes'], 1, /NOT_THERE: there is no plan 99/],
    ];
    for (const [args, code, says] of cases) {
      const ended = await made.run(...args);
      expect([args.join(' '), ended.code, ended.stderr]).toEqual([args.join(' '), code, expect.stringMatching(says)]);
    }
    const nothing = await made.run('purge', 'bounces', '--from', 'nobody@nowhere', '--json');
    expect(nothing).toMatchObject({ code: 0 });
    expect(Object.keys(nothing.documents[0])).toEqual(PLAN_KEYS);
    const found = await made.run('purge', 'bounces', '--all', '--dry-run', '--json');
    expect(Object.keys(found.documents[0])).toEqual(PLAN_KEYS);
    expect(nothing.documents).toMatchObject([{ id: null, messages: 0, sample: [] }]);
    expect(nothing.stderr).toBe(
      'nothing matches in folder INBOX of bounces (from contains "nobody@nowhere"); nothing to do\n',
    );
    expect(await query(made, 'select id from maildrain.plan where messages = 0')).toEqual([]);
    expect(onServer(made)).toBe(1);
    expect(await query(made, 'select id from maildrain.admin_job')).toEqual([]);
  });

  it('is worked by a running service, and followed in plain lines or as one document', async () => {
    const made = await world(20);
    const running = await serve(made);
    const moved = await made.run('move', 'bounces', '--all', '--to', 'Trash', '--yes', '--json');
    expect(moved.code).toBe(0);
    expect(moved.documents).toMatchObject([{ kind: 'move', state: 'done', done: 20, counts: { moved: 20 } }]);
    expect((await made.run('jobs', 'show', moved.documents[0].id)).stdout).toMatch(/\n {2}options +--to Trash\n/);
    expect([onServer(made), onServer(made, 'Trash')]).toEqual([0, 20]);
    const left = await made.run('empty-trash', 'bounces', '--all', '--yes', '--detach', '--json');
    expect(left).toMatchObject({ code: 0, documents: [{ job: '2' }] });
    const followed = await made.run('jobs', 'show', '2', '--follow');
    expect(followed.stdout).toMatch(/job 2 \(empty-trash bounces\): done/);
    expect(onServer(made, 'Trash')).toBe(0);
    running.child.kill('SIGTERM');
    expect((await running.ended()).code).toBe(0);
  });

  it('says that no worker is running; Ctrl-C leaves the job, a second one seconds later cancels it', async () => {
    const made = await world(5);
    const first = made.start('purge', 'bounces', '--all', '--yes');
    await first.says(/job 1 waits, for no worker is running: start "maildrain serve"/);
    first.child.kill('SIGINT');
    const left = await first.ended();
    expect(left.code).toBe(0);
    expect(left.stderr).toContain('leaving job 1; press Ctrl-C again within 5 s to cancel it');
    expect(left.stdout).toContain('job 1 waits for a worker ("maildrain serve"');
    expect(left.stdout).toContain('follow it: maildrain jobs show 1 --follow; cancel it: maildrain jobs cancel 1');
    expect(onServer(made)).toBe(5);

    const second = made.start('jobs', 'show', '1', '--follow');
    await second.says(/no worker is running/);
    second.child.kill('SIGINT');
    await second.says(/Ctrl-C again within 5 s to cancel it/);
    await sleep(1_500);
    second.child.kill('SIGINT');
    const cancelled = await second.ended();
    expect(cancelled.stdout).toMatch(/job 1 \(purge bounces\): cancelled by /);
    expect(cancelled.code).toBe(4);
    expect(onServer(made)).toBe(5);

    const again = await made.run('jobs', 'retry', '1', '--here');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toMatch(/job 1 \(purge bounces\): done/);
    expect(onServer(made)).toBe(0);
    const done = await made.run('jobs', 'retry', '1');
    expect(done).toMatchObject({ code: 2 });
    expect(done.stderr).toContain('job 1 is done');
  });

  it('says which job it is when Ctrl-C comes while the job is being put on the queue', async () => {
    const made = await world(3);
    const holder = new pg.Client(made.databaseUrl);
    await holder.connect();
    await holder.query('begin; lock table maildrain.admin_job in exclusive mode');
    const running = made.start('purge', 'bounces', '--all', '--yes');
    await until(
      () => `it does not put its job down: ${running.stderr()}`,
      async () => {
        const waiting = await query(
          made,
          `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
        );
        return waiting.length > 0;
      },
    );
    running.child.kill('SIGINT');
    await sleep(300);
    await holder.query('commit');
    await holder.end();
    const left = await running.ended();
    expect(left.stderr).toContain('leaving job 1; press Ctrl-C again within 5 s to cancel it');
    expect(left.stdout).toContain('cancel it: maildrain jobs cancel 1');
    expect(left.code).toBe(0);
  });

  it('without a terminal nobody waits for ever for a worker; a retry neither', async () => {
    const made = await world(2);
    const put = await made.run('purge', 'bounces', '--all', '--yes', '--detach');
    expect(put.stderr).toBe('no worker is running: job 1 waits for "maildrain serve"\n');
    expect((await made.run('jobs', 'cancel', '1')).code).toBe(0);
    const tried = await made.run('jobs', 'retry', '1');
    expect(tried.stderr).toContain('job 1 waits, for no worker is running');
    expect(tried.stdout).toContain('job 1 waits for a worker');
    expect(tried.code).toBe(4);
    expect(onServer(made)).toBe(2);
  });

  it('here, a second Ctrl-C cancels although the slice in hand has ended long before', async () => {
    const made = await world(600);
    made.imap.onCommand = async ({ name }) => {
      if (name === 'UID EXPUNGE' || name === 'UID MOVE') await sleep(1500);
      return undefined;
    };
    const running = made.start('purge', 'bounces', '--all', '--no-store', '--yes', '--here');
    await until(
      () => `it does not run: ${running.stderr()}`,
      async () =>
        (await query<{ state: string }>(made, 'select state from maildrain.admin_job'))[0]?.state === 'running',
    );
    running.child.kill('SIGINT');
    await running.says(/job 1 stops after the slice in hand and stays queued; press Ctrl-C again within 5 s/);
    await until(
      () => `its slice does not end: ${running.stderr()}`,
      async () =>
        (await query<{ state: string }>(made, 'select state from maildrain.admin_job'))[0]?.state === 'queued',
    );
    await sleep(500);
    running.child.kill('SIGINT');
    const cancelled = await running.ended();
    expect(cancelled.stdout).toMatch(/job 1 \(purge bounces\): cancelled by /);
    expect(cancelled.code).toBe(4);
    expect(onServer(made)).toBeGreaterThan(0);
  });

  it('here, what SIGTERM ended is not called done by the exit code, and is left for later', async () => {
    const made = await world(600);
    made.imap.onCommand = async ({ name }) => {
      if (name === 'UID EXPUNGE' || name === 'UID MOVE') await sleep(1500);
      return undefined;
    };
    const running = made.start('purge', 'bounces', '--all', '--no-store', '--yes', '--here');
    await until(
      () => `it does not run: ${running.stderr()}`,
      async () =>
        (await query<{ state: string }>(made, 'select state from maildrain.admin_job'))[0]?.state === 'running',
    );
    running.child.kill('SIGTERM');
    const ended = await running.ended();
    expect(ended.stdout).toMatch(/job 1 waits for a worker/);
    expect(ended.code).toBe(143);
    expect(onServer(made)).toBeGreaterThan(0);
    expect(await query(made, 'select state from maildrain.admin_job')).toEqual([{ state: 'queued' }]);
  });

  it('is cancelled from another process while a service works on it', async () => {
    const made = await world(2500);
    // Each message costs the server something, so that there is a middle.
    made.imap.onCommand = async ({ name }) => {
      if (name === 'UID EXPUNGE' || name === 'UID MOVE') await sleep(3000);
      return undefined;
    };
    const running = await serve(made);
    const put = await made.run('purge', 'bounces', '--all', '--no-store', '--yes', '--detach', '--json');
    expect(put.documents).toEqual([{ job: '1' }]);
    for (let n = 0; n < 200 && onServer(made) === 2500; n++) await sleep(50);
    const cancelled = await made.run('jobs', 'cancel', '1', '--json');
    expect(cancelled.code).toBe(0);
    const [job] = cancelled.documents;
    expect(job).toMatchObject({ state: 'cancelled', total: 2500 });
    expect(job.done).toBeLessThan(2500);
    expect(onServer(made)).toBe(2500 - job.counts.disposed);
    running.child.kill('SIGTERM');
    const ended = await running.ended();
    expect(ended.stdout + ended.stderr).not.toContain(CANARY);
  });

  it('here, without a terminal, is not waited for through a rest of a day; resume ends the rest for the whole login', async () => {
    const made = await world(3);
    made.configure(
      mailboxLines('bounces', made.imap) + mailboxLines('other', made.imap, 'dispose: keep\nfolder: Trash'),
    );
    await made.run('drain', 'other');
    await query(made, "update maildrain.mailbox set writes_not_before = now() + interval '1 day'");
    const rests = await made.run('purge', 'bounces', '--all', '--yes', '--here');
    expect(rests.code).toBe(4);
    expect(rests.stderr).toMatch(/job 1 waits; tried again in /);
    expect(rests.stdout).toMatch(/job 1 waits for a worker .*, and is tried again in /);
    expect(onServer(made)).toBe(3);

    await query(
      made,
      "insert into maildrain.mailbox (name, login, folder) select 'bounces', login, 'INBOX' from maildrain.mailbox on conflict do nothing",
    );
    expect((await made.run('resume', 'bounces')).code).toBe(0);
    const retried = await made.run('jobs', 'retry', '1', '--here');
    expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining('disposed 3') });
    expect(onServer(made)).toBe(0);
  });
});
