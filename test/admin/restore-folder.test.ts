// A restore into a folder that is not there: its job does not wait for it, as it does for one that the server lists and does not open.

import { expect, it } from 'vitest';
import { type EngineOptions, runTurn } from '../../src/admin/engine.ts';
import { jobOf } from '../../src/admin/jobs.ts';
import { loginOf } from '../../src/config.ts';
import { enqueueJob } from '../../src/store/admin-jobs.ts';
import { type Scene, scene } from '../drain/scene.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { jobRow, quiet } from './fake-jobs.ts';

const never = new AbortController().signal;

async function asked({ database, mailbox }: Scene, folder: string): Promise<{ options: EngineOptions; id: string }> {
  const id = await enqueueJob(database.sql, {
    kind: 'restore',
    mailbox: mailbox.name,
    login: loginOf(mailbox),
    planId: null,
    criteria: { all: true },
    args: { folder },
    total: 2,
    requestedBy: 'ann',
  });
  const context = { database, connectionsPerHost: 8, bounces: NO_BOUNCES, log: quiet };
  return { options: { context, jobOf, mailboxes: () => [mailbox] }, id };
}

describeWith('postgres', 'the job of a restore', () => {
  it.each([
    ['is not there', 'Bakc', '"Back"'],
    ['only holds others', 'Shelf', '"Shelf/Low"'],
    ['has an attribute that none has', '\\Archive', '\\Trash (Trash)'],
  ])('ends at once where its folder %s', async (_, folder, near) => {
    const there = await scene();
    there.account.createFolder('Back');
    there.account.createFolder('Shelf', { attributes: ['\\Noselect'] });
    there.account.createFolder('Shelf/Low');
    there.deliver(2);
    await there.drain();
    const { options, id } = await asked(there, folder);
    expect(await runTurn(options, id, never)).toEqual({ outcome: 'ended', state: 'failed' });
    const row = await jobRow(there.database, id);
    expect(row).toMatchObject({ errorCode: 'MAILBOX_MISSING', error: expect.stringContaining(near), counts: {} });
  });

  it('looks again where the server lists its folder and does not open it', async () => {
    const there = await scene();
    there.account.createFolder('Back');
    there.deliver(2);
    await there.drain();
    there.server.onCommand = ({ name }) => (name === 'SELECT' ? { reply: 'NO [NONEXISTENT] starting up' } : undefined);
    const { options, id } = await asked(there, 'Back');
    expect(await runTurn(options, id, never)).toMatchObject({ outcome: 'again' });
    expect(await jobRow(there.database, id)).toMatchObject({ state: 'queued', errorCode: 'MAILBOX_MISSING' });
  });
});
