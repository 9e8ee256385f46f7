// What a consumer can rely on: it hears everything, of each key in order, whatever fails on the way; and nobody else waits for it.

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NotDelivered } from '../../src/events/sender.ts';
import type { EventType, MaildrainEvent } from '../../src/model-pipeline.ts';
import { memoryLog } from '../jobs/backends.ts';
import { migrated } from '../store/store.ts';
import { describeWith } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { another, ascending, firstTold, numberOf, pump, register, tell, waiting } from './outbox.ts';

const keys = (count: number, each: number) =>
  Array.from({ length: count * each }, (_, n) => ({ key: `k${n % count}@example.org` }));

describeWith('postgres', 'a pump', () => {
  it('tells each consumer everything, of each key in order, and says when the last has it', async () => {
    const { database } = await migrated();
    await register(database, 'a', 'b');
    await tell(database, keys(20, 10));
    const heard: Record<string, MaildrainEvent[]> = { a: [], b: [] };
    for (const name of ['a', 'b']) pump(database, name, (event) => void heard[name]?.push(event));
    await until('both have all', async () => (await waiting(database, 'a')) + (await waiting(database, 'b')) === 0);
    for (const events of Object.values(heard)) {
      expect(events).toHaveLength(200);
      expect([...firstTold(events).values()].every(ascending)).toBe(true);
    }
    const { rows } = await database.sql.query(
      'select count(*)::int as all, count(published_at)::int as published from maildrain.event',
    );
    expect(rows).toEqual([{ all: 200, published: 200 }]);
  });

  it('a consumer that is away for a while loses nothing, and blocks neither another consumer nor a drain', async () => {
    const { database } = await migrated();
    await register(database, 'down', 'well');
    const { log, lines } = memoryLog();
    let away = true;
    let knocks = 0;
    const heard: MaildrainEvent[] = [];
    pump(
      database,
      'down',
      (event) => {
        knocks++;
        if (away) throw new NotDelivered('HTTP 503');
        heard.push(event);
      },
      { log },
    );
    const well: MaildrainEvent[] = [];
    pump(database, 'well', (event) => void well.push(event));
    await tell(database, keys(100, 3));
    await until('the other has all', () => well.length === 300);
    await sleep(3_000);
    // Writing goes on as ever.
    const before = Date.now();
    await tell(database, keys(5, 1));
    expect(Date.now() - before).toBeLessThan(20_000);
    // Not a knock for each of a hundred keys: eight at once, then one after each rest.
    expect(knocks).toBeLessThan(20);
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'event consumer takes nothing, its events wait',
    ]);
    expect(lines.filter(({ level }) => level === 'warn').length).toBeLessThanOrEqual(1);
    away = false;
    await until('it has caught up', async () => (await waiting(database, 'down')) === 0);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(305);
    expect([...firstTold(heard).values()].every(ascending)).toBe(true);
    expect(lines.at(-1)?.message).toBe('event consumer is back');
  });

  it('an event that is refused holds its own key and no other', async () => {
    const { database } = await migrated();
    await register(database, 'a');
    await tell(database, keys(3, 3));
    const heard: MaildrainEvent[] = [];
    pump(database, 'a', (event) => {
      if (numberOf(event) === 2) throw new NotDelivered('HTTP 422', { slow: true });
      heard.push(event);
    });
    await until('the others', () => heard.length === 6);
    await tell(database, [{ key: 'k1@example.org' }, { key: 'k2@example.org' }]);
    await until('the one after', () => heard.length === 7);
    await sleep(300);
    expect(await waiting(database, 'a')).toBe(4);
    expect(heard.some(({ key }) => key === 'k1@example.org')).toBe(false);
  });

  const mixed = async (failure: () => Error) => {
    const { database } = await migrated();
    await register(database, 'a');
    const many = (count: number, name: string, type: EventType) =>
      Array.from({ length: count }, (_, n) => ({ key: `${name}${n}@example.org`, type }));
    await tell(database, many(60, 'bad', 'bounce.delayed'));
    await tell(database, many(200, 'good', 'bounce.failed'));
    const { log, lines } = memoryLog();
    let heard = 0;
    let failures = 0;
    const send = ({ type }: MaildrainEvent) => {
      if (type === 'bounce.failed') return void heard++;
      failures++;
      throw failure();
    };
    pump(database, 'a', send, { log });
    await until('the others', () => heard === 200);
    return { database, lines, failures: () => failures, heard: () => heard };
  };

  it('a consumer that refuses one kind of event, however many, hears the others at once', async () => {
    const before = Date.now();
    const { database, lines, failures } = await mixed(() => new NotDelivered('HTTP 422', { slow: true }));
    expect(Date.now() - before).toBeLessThan(25_000);
    await sleep(3_000);
    expect(failures()).toBe(60);
    expect(await waiting(database, 'a')).toBe(60);
    expect(lines.map(({ level, message }) => [level, message]).filter(([level]) => level !== 'debug')).toEqual([
      ['warn', 'event refused, it and those of its key wait'],
    ]);
  });

  it.each([
    ['a function that throws', () => new Error('a bug')],
    ['that it does not know us', () => new NotDelivered('HTTP 404', { slow: true, whole: true })],
  ])(
    'a consumer that fails at one kind of event hears the others before long, also those of later: %s',
    async (_, failure) => {
      const { database, heard, failures } = await mixed(failure);
      await tell(database, [{ key: 'later@example.org', type: 'bounce.failed' }]);
      await until('the later one', () => heard() === 201);
      expect(failures()).toBeLessThan(1_000);
      await until('it is struck off', async () => (await waiting(database, 'a')) === 60);
    },
    150_000,
  );

  it('a consumer that asks for a pause is left alone for so long', async () => {
    const { database } = await migrated();
    await register(database, 'a');
    await tell(database, keys(20, 1));
    const calls: number[] = [];
    pump(database, 'a', () => {
      calls.push(Date.now());
      if (calls.length === 1) throw new NotDelivered('HTTP 429', { retryAfterMs: 2_000 });
    });
    await until('all told', async () => (await waiting(database, 'a')) === 0);
    const [first = 0] = calls;
    const early = calls.filter((at) => at - first < 1_900);
    // Those that were on their way.
    expect(early.length).toBeLessThanOrEqual(8);
    expect(calls).toHaveLength(21);
  });

  it('keeps the order of each key under failures at random', async () => {
    const { database } = await migrated();
    await register(database, 'a');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(6), { minLength: 1, maxLength: 60 }),
        fc.infiniteStream(fc.boolean()),
        async (which, fails) => {
          const heard: MaildrainEvent[] = [];
          let failures = 0;
          const made = pump(database, 'a', async (event) => {
            await sleep(Math.random() * 2);
            // Some failures come after the consumer had it.
            const fail = failures < 2 && fails.next().value === true;
            if (fail) failures++;
            if (!fail || failures === 1) heard.push(event);
            if (fail) throw new Error('lost on the way');
          });
          await tell(
            database,
            which.map((n) => ({ key: `k${n}` })),
          );
          await until('all told', async () => (await waiting(database, 'a')) === 0);
          await made.stop(1_000);
          const told = firstTold(heard);
          expect([...told.values()].flat()).toHaveLength(which.length);
          expect([...told.values()].every(ascending)).toBe(true);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('of two processes one tells, and the other takes over when it goes', async () => {
    const { database, url } = await migrated();
    await register(database, 'a');
    const heard: [who: number, event: MaildrainEvent][] = [];
    const pumps = [database, another(url)].map((own, who) =>
      pump(own, 'a', async (event) => {
        heard.push([who, event]);
        await sleep(5);
      }),
    );
    await tell(database, keys(10, 10));
    await until('all told', async () => (await waiting(database, 'a')) === 0);
    const [first] = new Set(heard.map(([who]) => who));
    expect(heard.every(([who]) => who === first)).toBe(true);
    expect(heard).toHaveLength(100);
    await tell(database, keys(10, 10));
    await pumps[first ?? 0]?.stop(5_000);
    await until('the rest is told', async () => (await waiting(database, 'a')) === 0);
    // A stop at a good moment repeats nothing.
    expect(heard).toHaveLength(200);
    expect(heard.at(-1)?.[0]).toBe(1 - (first ?? 0));
    expect([...firstTold(heard.map(([, event]) => event)).values()].every(ascending)).toBe(true);
  });

  it('goes on when its connection to Postgres is cut, and repeats at most what was in hand', async () => {
    const { database, url } = await migrated();
    await register(database, 'a');
    await tell(database, keys(10, 40));
    const heard: MaildrainEvent[] = [];
    pump(database, 'a', async (event) => {
      heard.push(event);
      await sleep(3);
    });
    await until('it runs', () => heard.length > 50);
    await another(url).sql.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
          and database = (select oid from pg_database where datname = current_database())`,
    );
    await until('all told', async () => (await waiting(database, 'a')) === 0);
    const told = firstTold(heard);
    expect([...told.values()].flat()).toHaveLength(400);
    expect([...told.values()].every(ascending)).toBe(true);
  });

  it('stop ends within its grace, also with a consumer that never answers', async () => {
    const { database } = await migrated();
    await register(database, 'a');
    await tell(database, keys(3, 1));
    let begun = 0;
    const made = pump(database, 'a', () => {
      begun++;
      return new Promise(() => {});
    });
    await until('it hangs', () => begun === 3);
    const before = Date.now();
    expect(await made.stop(200)).toBe(true);
    expect(Date.now() - before).toBeLessThan(10_000);
    expect(await waiting(database, 'a')).toBe(3);
  });
});
