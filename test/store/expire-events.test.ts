// The outbox does not grow for ever, and nothing is deleted that somebody has still to hear.

import { expect, it } from 'vitest';
import { silentLog } from '../../src/log.ts';
import { createMaildrain } from '../../src/service.ts';
import { EVENT_DAYS, expireEvents } from '../../src/store/expire-events.ts';
import { reconcileSinks } from '../../src/store/sinks.ts';
import { until } from '../events/outbox.ts';
import { describeWith } from '../support/fresh.ts';
import { migrated } from './store.ts';

const never = new AbortController().signal;

/** `at` and `published_at` in days ago. */
const insert = (at: number, published: number | null, many = 1) =>
  `insert into maildrain.event (at, type, key, body, published_at)
   select now() - interval '${at} days', 'complaint', 'k', '{}', now() - interval '${published} days' from generate_series(1, ${many})`.replace(
    `interval 'null days'`,
    'null::interval',
  );

describeWith('postgres', 'old events', () => {
  it('go when all have had them for a month, in slices; those that somebody waits for stay, however old', async () => {
    const { database } = await migrated();
    const { sql } = database;
    await sql.query(insert(400, null, 30));
    await sql.query(insert(EVENT_DAYS + 1, EVENT_DAYS - 1));
    await sql.query(insert(EVENT_DAYS - 1, EVENT_DAYS - 1));
    await sql.query(insert(EVENT_DAYS + 5, EVENT_DAYS + 1, 95));
    const ended = new AbortController();
    ended.abort();
    expect(await expireEvents(database, new Date(), ended.signal, 10)).toBe(0);
    expect(await expireEvents(database, new Date(), never, 10)).toBe(95);
    expect(await expireEvents(database, new Date(), never, 10)).toBe(0);
    const { rows } = await sql.query('select count(*)::int as n from maildrain.event');
    expect(rows).toEqual([{ n: 32 }]);
  });

  it('go as soon as a service starts: one that is restarted every night deletes too', async () => {
    const { database, url } = await migrated();
    await reconcileSinks(database, []);
    await database.sql.query(insert(EVENT_DAYS + 5, EVENT_DAYS + 1, 5));
    const maildrain = await createMaildrain({ postgres: url, mailboxes: [], log: silentLog });
    await maildrain.start();
    await until('they are gone', async () => {
      const { rows } = await database.sql.query<{ n: number }>('select count(*)::int as n from maildrain.event');
      return rows[0]?.n === 0;
    });
    await maildrain.stop();
  });
});
