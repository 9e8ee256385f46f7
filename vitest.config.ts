// Tests run against real servers, which test/support/global-setup.ts starts once. `npm test` (test/run.ts) adds types and lint.

import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Two cores on the smallest machine that is supported; the servers need some of them.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Real servers and processes start, fail and recover in some of them, and the machine may be slow. Longer than test/support/until.ts waits.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 90_000 } },
  },
});
