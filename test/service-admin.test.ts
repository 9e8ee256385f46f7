// Admin jobs for a program: planned, applied, followed and cancelled through the library, with a name in the record.

import { expect, it, onTestFinished } from 'vitest';
import { type ImapServer, startImapServer } from '../src/demo/imap-server/server.ts';
import { createMaildrain, type Maildrain } from '../src/index.ts';
import { silentLog } from '../src/log.ts';
import { describeWith, freshDatabase } from './support/fresh.ts';

const PASSWORD = 'correct horse';

async function made(
  messages: number,
  changes: object = {},
  users: Readonly<Record<string, string>> = { office: 'ann' },
): Promise<{ maildrain: Maildrain; imap: ImapServer; left: () => number }> {
  const imap = await startImapServer({ password: PASSWORD });
  const account = imap.account('ann');
  for (let n = 0; n < messages; n++) account.deliver(Buffer.from(`From: b@example.net\r\nSubject: ${n}\r\n\r\nx\r\n`));
  const { url } = await freshDatabase();
  const mailboxes = Object.entries(users).map(([name, user]) => ({
    name,
    imap: { host: '127.0.0.1', port: imap.port, user, tls: 'none', password: () => PASSWORD },
    every: '1h',
    dispose: 'keep',
    ...changes,
  }));
  const maildrain = await createMaildrain({ postgres: url, mailboxes, log: silentLog });
  onTestFinished(async () => {
    await maildrain.stop();
    await imap.close();
  });
  await maildrain.migrate();
  return { maildrain, imap, left: () => account.messages().length };
}

describeWith('postgres', 'admin jobs of the library', () => {
  it('plans, applies, and follows to the end; the record names who asked', async () => {
    const { maildrain, left } = await made(7);
    const { admin } = maildrain;
    const plan = await admin.plan({ kind: 'purge', mailbox: 'office', criteria: { all: true }, by: 'support tool' });
    expect(plan).toMatchObject({ messages: 7, folder: 'INBOX', createdBy: 'support tool', jobId: null });
    expect(plan.sample.map(({ subject }) => subject)).toEqual(['0', '1', '2', '3', '4', '5', '6']);
    if (plan.id === null) throw new Error('nothing is planned');
    expect(await admin.isWorked()).toBe(false);
    await maildrain.start();
    await expect.poll(() => admin.isWorked()).toBe(true);
    const id = await admin.apply(plan.id, { by: 'support tool' });
    const states: string[] = [];
    for await (const job of admin.follow(id)) states.push(job.state);
    expect(states.at(-1)).toBe('done');
    expect(left()).toBe(0);
    expect(await admin.jobs.find(id)).toMatchObject({ requestedBy: 'support tool', done: 7, planId: plan.id });
    expect(await admin.plans.list({ mailbox: 'office' })).toMatchObject([{ id: plan.id, jobId: id, jobState: 'done' }]);
    expect(await admin.jobs.list({ states: ['failed'] })).toEqual([]);
    await expect(admin.apply(plan.id)).rejects.toMatchObject({ code: 'PLAN_APPLIED' });
    expect(await admin.jobs.retry(id)).toBe(false);
  });

  it('a plan that reads mail to know its kind ends with the program', async () => {
    const { maildrain, imap } = await made(3);
    let reach = (): void => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    imap.onCommand = ({ name, args }) => {
      if (name !== 'UID FETCH' || !args.includes('BODY.PEEK[')) return undefined;
      reach();
      return { delayMs: 60_000 };
    };
    const criteria = { kind: 'bounce' };
    const planning = expect(maildrain.admin.plan({ kind: 'purge', mailbox: 'office', criteria })).rejects.toMatchObject(
      {
        code: 'ABORTED',
      },
    );
    await reached;
    const asked = Date.now();
    await maildrain.stop();
    await planning;
    expect(Date.now() - asked).toBeLessThan(10_000);
  });

  it('lets a drain of the same login in while a long job is at it', async () => {
    const { maildrain, imap } = await made(1, { dispose: 'delete' });
    const account = imap.account('ann');
    account.createFolder('Archive');
    for (let n = 0; n < 3000; n++) account.deliver(Buffer.from(`Subject: ${n}\r\n\r\nx\r\n`), { folder: 'Archive' });
    // Six slices of two seconds: more than a turn, and the drain need not wait for the end of it.
    imap.onCommand = async ({ name }) => {
      if (name === 'UID STORE') await new Promise((resolve) => setTimeout(resolve, 2_000));
      return undefined;
    };
    const what = { mailbox: 'office', folder: 'Archive', criteria: { all: true }, args: { add: ['\\Seen'] } } as const;
    const plan = await maildrain.admin.plan({ ...what, kind: 'flag' });
    if (plan.id === null) throw new Error('nothing is planned');
    await maildrain.start();
    const id = await maildrain.admin.apply(plan.id);
    await expect.poll(async () => (await maildrain.admin.jobs.find(id))?.done).toBeGreaterThan(0);
    account.deliver(Buffer.from('Subject: new\r\n\r\nx\r\n'));
    const drained = await maildrain.drain('office');
    expect(drained).toMatchObject({ outcome: 'done', stored: 1 });
    const job = await maildrain.admin.jobs.find(id);
    expect(job?.finishedAt).toBeNull();
    // The rest need not be slow.
    imap.onCommand = undefined;
    let last = job;
    for await (const now of maildrain.admin.follow(id)) last = now;
    expect(last).toMatchObject({ state: 'done', done: 3000 });
  });

  it('a restore is not enqueued into a folder that is not there', async () => {
    const { maildrain } = await made(1);
    await maildrain.drain('office');
    const words = { mailbox: 'office', criteria: { all: true } } as const;
    const missing = { code: 'MAILBOX_MISSING', message: expect.stringContaining('did you mean "Trash"?') };
    const args = { folder: 'Trahs' };
    await expect(maildrain.admin.restorePlan({ ...words, args })).rejects.toMatchObject(missing);
    await expect(maildrain.enqueue({ ...words, kind: 'restore', args })).rejects.toMatchObject(missing);
    expect(await maildrain.admin.jobs.list()).toEqual([]);
    expect(await maildrain.admin.restorePlan(words)).toMatchObject({ mailbox: 'office', folder: 'INBOX', messages: 1 });
  });

  it('a restore that names no mailbox means the only one, and of several none', async () => {
    const { maildrain } = await made(2);
    await maildrain.drain('office');
    const criteria = { all: true } as const;
    expect(await maildrain.admin.restorePlan({ criteria })).toMatchObject({ mailbox: 'office', messages: 2 });
    const id = await maildrain.enqueue({ kind: 'restore', criteria });
    expect(await maildrain.admin.jobs.find(id)).toMatchObject({ mailbox: 'office', total: 2 });

    const names = Array.from({ length: 11 }, (_, n) => `m${String(n).padStart(2, '0')}`);
    const users = Object.fromEntries(names.map((name) => [name, name === 'm03' ? 'ann' : name]));
    const several = await made(3, {}, users);
    await several.maildrain.drain('m03');
    for (let n = 0; n < 5; n++) several.imap.account('m10').deliver(Buffer.from('Subject: late\r\n\r\nx\r\n'));
    await several.maildrain.drain('m10');
    const refusal = {
      code: 'REQUEST_INVALID',
      message:
        'restore: say into which mailbox: --mailbox NAME (in a program mailbox: NAME). So many matching stored messages came from each: m10 (5), m03 (3), m00 (0), m01 (0), m02 (0), m04 (0), m05 (0), m06 (0), m07 (0), m08 (0) and 1 more',
    };
    await expect(several.maildrain.enqueue({ kind: 'restore', criteria })).rejects.toMatchObject(refusal);
    await expect(several.maildrain.admin.restorePlan({ criteria })).rejects.toMatchObject(refusal);
    await expect(several.maildrain.admin.count({ kind: 'restore', criteria })).rejects.toMatchObject(refusal);
    // All of it came from one, and that one is not guessed.
    const late = { kind: 'restore', criteria: { subject: 'late' } } as const;
    await expect(several.maildrain.enqueue(late)).rejects.toMatchObject({
      message: expect.stringContaining(': m10 (5), m00 (0), '),
    });
    expect(await several.maildrain.admin.jobs.list()).toEqual([]);
  });

  it('enqueues jobs over stored mail beside drains, and cancels them while nobody works', async () => {
    const { maildrain } = await made(2);
    await maildrain.drain('office');
    const id = await maildrain.enqueue({ kind: 'restore', mailbox: 'office', criteria: { subject: '1' } });
    expect(await maildrain.admin.jobs.find(id)).toMatchObject({ kind: 'restore', state: 'queued', total: 1 });
    expect(await maildrain.admin.jobs.cancel(id, { by: 'bea' })).toMatchObject({
      state: 'cancelled',
      cancelRequestedBy: 'bea',
    });
    expect(await maildrain.admin.jobs.cancel('99')).toBeNull();
    // However the id is written it is the job, and one lock.
    expect(await maildrain.admin.jobs.retry(`0${id}`, { by: 'cat' })).toBe(true);
    expect((await maildrain.admin.jobs.find(id))?.notes).toEqual([
      expect.stringMatching(/^taken up again by cat, .* after it was cancelled by bea$/),
    ]);
    await maildrain.admin.work(`00${id}`, new AbortController().signal);
    expect(await maildrain.admin.jobs.find(`0${id}`)).toMatchObject({ id, state: 'done' });
    const wrong = [
      maildrain.enqueue({ kind: 'restore', mailbox: 'office' }),
      maildrain.enqueue({ kind: 'restore', mailbox: 'office', criteria: [] as object }),
      maildrain.enqueue({ kind: 'expire', criteria: { before: '2026-01-01' } }),
      maildrain.enqueue({ kind: 'expire', criteria: { all: true } }),
      maildrain.enqueue({ kind: 'purge' as 'restore', mailbox: 'office', criteria: { all: true } }),
      maildrain.admin.plan({ kind: 'restore' as 'purge', mailbox: 'office', criteria: { all: true } }),
      maildrain.admin.plan({ kind: 'purge', mailbox: 'office', criteria: { all: true }, args: { force: true } }),
      maildrain.admin.jobs.find('1; drop table'),
    ];
    for (const each of await Promise.allSettled(wrong)) {
      expect(each).toMatchObject({ reason: { code: expect.stringMatching(/^(CRITERIA|REQUEST)_INVALID$/) } });
    }
    expect(await maildrain.admin.jobs.list({ states: ['queued'] })).toEqual([]);
    // A word that nobody reads would be a criterion that is lost.
    const flat = { kind: 'purge', mailbox: 'office', criteria: { all: true }, before: '2015-01-01' } as const;
    await expect(maildrain.admin.plan(flat)).rejects.toMatchObject({
      code: 'CRITERIA_INVALID',
      message: 'plan: "before" must stand inside "criteria": criteria: { before }',
    });
    const flatJob = { kind: 'reclassify', since: '2026-10-01' } as const;
    await expect(maildrain.enqueue(flatJob)).rejects.toMatchObject({ code: 'CRITERIA_INVALID' });
    await expect(maildrain.admin.count(flatJob)).rejects.toMatchObject({ code: 'CRITERIA_INVALID' });
    const unknown = { kind: 'purge', mailbox: 'office', criteria: { all: true }, store: false } as const;
    await expect(maildrain.admin.plan(unknown)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: 'plan: nothing is known of "store"; what a job takes besides stands in "args"',
    });
    const misspelt = { kind: 'purge', mailbox: 'office', criteria: { befor: '2015-01-01' } as object } as const;
    await expect(maildrain.admin.plan(misspelt)).rejects.toMatchObject({
      code: 'CRITERIA_INVALID',
      message: expect.stringContaining('there is no criterion "befor"; did you mean "before"?'),
    });
    const nothing = await maildrain.admin.plan({ kind: 'purge', mailbox: 'office', criteria: { kind: 'bounce' } });
    expect(nothing).toMatchObject({ id: null, messages: 0, criteria: { kind: 'bounce' } });
    expect(await maildrain.admin.plans.list()).toEqual([]);
    await maildrain.enqueue({ kind: 'expire', criteria: { before: undefined }, args: { runs: 0 } });
  });
});
