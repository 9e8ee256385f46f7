// Postgres ends the connection of a drain: that is no error of maildrain, whichever statement meets it first, and the next drain goes on.

import { expect, it } from 'vitest';
import { drain } from '../../src/drain/drain.ts';
import type { Database, Sql } from '../../src/store/pool.ts';
import { quiet } from '../admin/fake-jobs.ts';
import { describeWith } from '../support/fresh.ts';
import { NO_BOUNCES } from '../support/pipeline.ts';
import { expectSameMail, scene } from './scene.ts';

/** What Postgres says when it is shut down (appendix A: admin_shutdown), before the pen can know that its connection is gone. */
const SHUTDOWN = Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' });

/** A database of whose own connections one statement, once, meets the end. */
function ending(database: Database, statement: string): Database {
  let ended = false;
  return {
    ...database,
    async take() {
      const pen = await database.take();
      const { client } = pen;
      const query = ((...args: Parameters<Sql['query']>) => {
        const [said]: readonly unknown[] = args;
        if (ended || typeof said !== 'string' || !said.includes(statement)) return client.query(...args);
        ended = true;
        return Promise.reject(SHUTDOWN);
      }) as Sql['query'];
      return { ...pen, client: { ...client, query } };
    },
  };
}

describeWith('postgres', 'a drain whose connection to Postgres ends', () => {
  it.each([
    ['before it has its mailbox', 'from maildrain.mailbox where name'],
    ['while it asks the ledger', 'from maildrain.ledger'],
    ['when it writes down that it is done', 'last_ok_at = now()'],
  ])('%s', async (_, statement) => {
    const there = await scene();
    const mail = there.deliver(3);
    const context = {
      database: ending(there.database, statement),
      connectionsPerHost: 8,
      bounces: NO_BOUNCES,
      log: quiet,
    };
    const report = await drain(context, there.mailbox, new AbortController().signal);
    expect(report).toMatchObject({ error: { code: 'DATABASE_UNAVAILABLE' } });
    await there.waitOver();
    expect(await there.drain()).toMatchObject({ outcome: 'done' });
    expectSameMail(await there.stored(), mail);
    expect(there.left()).toEqual([]);
  });
});
