// The order of the test files: those that take longest begin, so that the workers end together. Vitest knows how long a file took in an earlier
// run of the same checkout; in a fresh one it goes by size, and here some of the shortest files take longest.

import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Each takes at least twenty seconds on two cores, the longest first. One that is missing here costs a little time and nothing else. */
const LONGEST = [
  'crash/kills',
  'cli/admin-jobs',
  'crash/imap-cuts',
  'service',
  'crash/postgres-cuts',
  'admin/five-thousand',
  'admin/restore',
  'drain/gmail',
  'crash/batch-cuts',
  'admin/dovecot-server',
  'admin/jobs-killed',
  'events/pump',
  'admin/jobs-killed',
  'cli/accounts',
  'admin/repeated',
  'admin/gmail-server',
  'cli/criteria-arrive',
  'cli/stored-jobs',
  'cli/messages',
  'crash/restarts',
  'crash/renumbered',
  'crash/random-cuts',
  'demo/demo',
  'jobs/outage',
  'jobs/schedules',
  'jobs/worker',
  'admin/pace',
  'cli/suppressions',
  'admin/gmail-lag',
  'store/embedded',
  'admin/poor-servers',
  'drain/hostile',
].map((name) => `test/${name}.test.ts`);

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
