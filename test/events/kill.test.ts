// Processes are killed in the middle of telling: what was begun is told again, nothing is left out, and the order of each key holds.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { MaildrainEvent } from '../../src/model-pipeline.ts';
import { migrated } from '../store/store.ts';
import { childProgram, describeWith } from '../support/fresh.ts';
import { until } from '../support/until.ts';
import { ascending, firstTold, register, tell, waiting } from './outbox.ts';

const KEYS = 20;
const EVENTS = 3_000;

describeWith('postgres', 'processes that are killed while they tell', () => {
  it('leave nothing out, whichever of two was at it', async () => {
    const { database, url } = await migrated();
    await register(database, 'a');
    await tell(
      database,
      Array.from({ length: EVENTS }, (_, n) => ({ key: `k${n % KEYS}` })),
    );
    const dir = mkdtempSync(join(tmpdir(), 'md-kill-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const file = join(dir, 'told');
    const told = (): MaildrainEvent[] =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line.endsWith('}'))
            .map((line) => JSON.parse(line) as MaildrainEvent)
        : [];
    const program = childProgram('test/events/kill-child.ts');
    const start = () => spawn(process.execPath, [program, url, file], { stdio: 'inherit' });
    const children = [start(), start()];
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL');
    });
    for (const goal of [200, 700, 1_200]) {
      await until(`${goal} are told`, () => told().length >= goal);
      // Both, at a moment of their own: one of them was at it.
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      children.push(start(), start());
    }
    await until('all are told', async () => (await waiting(database, 'a')) === 0);
    const events = told();
    const byKey = firstTold(events);
    expect([...byKey.values()].flat()).toHaveLength(EVENTS);
    expect([...byKey.values()].every(ascending)).toBe(true);
    // Told again is what was in hand, not everything.
    expect(events.length).toBeLessThan(EVENTS + 1_000);
  });
});
