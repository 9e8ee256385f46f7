// The schema: made once however often and by however many, refused when it is newer than we understand, with partitions made ahead.

import { spawn } from 'node:child_process';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { ensurePartitions, migrate, ourVersion, requireSchema, schemaState } from '../../src/store/migrate.ts';
import { childProgram, describeWith, freshDatabase } from '../support/fresh.ts';

async function empty(): Promise<{ url: string; client: pg.Client }> {
  const { url } = await freshDatabase();
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return { url, client };
}

function months(client: pg.Client, parent: string): Promise<string[]> {
  return client
    .query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = $1::regclass order by 1`,
      [`maildrain.${parent}`],
    )
    .then(({ rows }) => rows.map(({ name }) => name));
}

describeWith('postgres', 'migrate', () => {
  it('makes the schema; a second time it does nothing and does no harm', async () => {
    const { url, client } = await empty();
    expect(await schemaState(client)).toEqual({ version: 0, ours: ourVersion(), tooNew: false });
    await expect(requireSchema(client)).rejects.toMatchObject({
      code: 'SCHEMA_MISSING',
      message: expect.stringContaining('maildrain migrate'),
    });

    const first = await migrate(url);
    await client.query(`insert into maildrain.mailbox (name, login, folder) values ('a', 'b', 'c')`);
    const second = await migrate(url);

    expect(first).toHaveLength(ourVersion());
    expect(second).toEqual([]);
    expect(await schemaState(client)).toEqual({ version: ourVersion(), ours: ourVersion(), tooNew: false });
    await requireSchema(client);
    expect((await client.query('select from maildrain.mailbox')).rowCount).toBe(1);
  });

  it('is safe from three processes at once: each migration runs once', async () => {
    const { url, client } = await empty();
    const run = (): Promise<string[]> =>
      new Promise((done, fail) => {
        const child = spawn(process.execPath, [childProgram('test/store/migrate-child.ts'), url], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let said = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
        child.on('close', (code) =>
          code === 0 ? done(JSON.parse(said) as string[]) : fail(new Error(`ended with ${code}`)),
        );
      });

    const ran = await Promise.all([run(), run(), run()]);

    expect(ran.flat()).toHaveLength(ourVersion());
    await requireSchema(client);
  });

  it('refuses a newer schema that is marked breaking, and writes nothing', async () => {
    const { url, client } = await empty();
    await migrate(url);
    await client.query('insert into maildrain.schema_change (version, breaking) values ($1, true)', [ourVersion() + 1]);
    for (const attempt of [() => migrate(url), () => requireSchema(client)]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'SCHEMA_TOO_NEW',
        message: expect.stringContaining('update maildrain'),
      });
    }
  });

  it('refuses a breaking one also when a harmless one came after it', async () => {
    const { url, client } = await empty();
    await migrate(url);
    await client.query('insert into maildrain.schema_change (version, breaking) values ($1, true), ($2, false)', [
      ourVersion() + 1,
      ourVersion() + 2,
    ]);
    await expect(migrate(url)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' });
  });

  it('works on a newer schema that is not breaking', async () => {
    const { url, client } = await empty();
    await migrate(url);
    await client.query('insert into maildrain.schema_change (version, breaking) values ($1, false)', [
      ourVersion() + 1,
    ]);
    expect(await migrate(url)).toEqual([]);
    await requireSchema(client);
    expect((await schemaState(client)).version).toBe(ourVersion() + 1);
  });

  it('says that the database cannot be reached, or that it does not exist', async () => {
    const { url } = await empty();
    const elsewhere = new URL(url);
    elsewhere.port = '1';
    await expect(migrate(elsewhere.href)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const missing = new URL(url);
    missing.pathname = '/no_such_database';
    await expect(migrate(missing.href)).rejects.toMatchObject({ code: 'DATABASE_DENIED' });
  });
});

describeWith('postgres', 'partitions', () => {
  it('are made for the month and two more, also across the end of a year, and once', async () => {
    const { url, client } = await empty();
    await migrate(url);
    const before = await months(client, 'message');

    expect(await ensurePartitions(client, new Date('2030-11-30T23:59:59Z'))).toBe(12);
    expect(await ensurePartitions(client, new Date('2030-11-01T00:00:00Z'))).toBe(0);
    expect(await ensurePartitions(client, new Date('2030-12-31T23:59:59.999Z'))).toBe(4);

    for (const parent of ['message', 'raw', 'attachment', 'delivery_report']) {
      expect(await months(client, parent)).toEqual([
        ...before.map((name) => name.replace('message', parent)),
        ...['2030_11', '2030_12', '2031_01', '2031_02'].map((month) => `${parent}_${month}`),
      ]);
    }
  });

  it.each(['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati'])(
    'meet without gap or overlap at midnight UTC, whatever the time zone of the session (%s)',
    async (zone) => {
      const { url, client } = await empty();
      await migrate(url);
      await client.query(`set time zone '${zone}'`);
      await ensurePartitions(client, new Date('2030-12-31T23:30:00Z'));
      await ensurePartitions(client, new Date('2031-02-15T00:00:00Z'));
      const instants = [
        '2030-12-01T00:00:00Z',
        '2030-12-31T23:59:59.999Z',
        '2031-01-01T00:00:00Z',
        '2031-02-28T23:59:59.999Z',
        '2031-03-30T01:30:00Z',
      ];
      for (const [i, at] of instants.entries()) {
        await client.query(`insert into maildrain.raw (message_id, stored_at, seq, bytes) values ($1, $2, 0, '')`, [
          i,
          at,
        ]);
      }
      const { rows } = await client.query<{ part: string }>(
        'select tableoid::regclass::text as part from maildrain.raw order by message_id',
      );
      expect(rows.map(({ part }) => part.replace(/^.*raw_/, ''))).toEqual([
        '2030_12',
        '2030_12',
        '2031_01',
        '2031_02',
        '2031_03',
      ]);
    },
  );

  it('are made once by many sessions at once', async () => {
    const { url } = await empty();
    await migrate(url);
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = new pg.Client(url);
        client.on('error', () => {});
        await client.connect();
        onTestFinished(() => client.end());
        return client;
      }),
    );
    const made = await Promise.all(clients.map((client) => ensurePartitions(client, new Date('2032-01-01T00:00:00Z'))));
    expect(made.reduce((sum, n) => sum + n, 0)).toBe(12);
  });
});
