// Plans as people read them: how many messages, of when, which ones, and what would become of them.

import type { EmptyPlan } from '../admin/plan.ts';
import { describeCriteria } from '../criteria.ts';
import { printable } from '../errors.ts';
import type { Plan, PlanSample } from '../store/plans.ts';
import { type Cell, facts, type Output, table } from './output.ts';
import { bytes, count, instant, plural } from './words.ts';

/** What a plan would do, as a sentence without its end: `expunge 1,234 messages`. */
export function deedOf({ job, args, messages }: Pick<Plan, 'job' | 'args' | 'messages'>): string {
  const what = plural(messages, 'message');
  switch (job) {
    case 'purge':
      return `take ${what} off the server${args.store === false ? ' WITHOUT storing them' : ', once they are stored here'}${args.forever === true ? ', out of Trash too' : ''}`;
    case 'empty-trash':
      return `remove ${what} for ever`;
    case 'move':
      return `move ${what} to "${printable(String(args.to))}"`;
    case 'copy':
      return `copy ${what} to "${printable(String(args.to))}"`;
    case 'flag':
      return `change the flags of ${what}:${flagWords('+', args.add)}${flagWords('-', args.remove)}`;
    case 'undelete':
      return `bring ${what} back`;
    default:
      return `${job} ${what}`;
  }
}

function flagWords(sign: string, flags: unknown): string {
  return Array.isArray(flags) ? flags.map((flag) => ` ${sign}${printable(String(flag))}`).join('') : '';
}

/** What was looked at, and for what: `in folder INBOX of bounces (kind bounce)`. */
export function whereOf({ folder, mailbox, criteria }: Pick<Plan, 'folder' | 'mailbox' | 'criteria'>): string {
  return printable(`in folder ${folder} of ${mailbox} (${describeCriteria(criteria)})`);
}

/** A plan as a document: first what it is about, and the same order wherever it comes from. */
export function planDocument(plan: Plan | EmptyPlan): Record<keyof Plan, unknown> {
  const { id, job, mailbox, folder, uidValidity, messages, bytes: octets, oldest, newest, sample } = plan;
  const about = { id, job, mailbox, folder, uidValidity, messages, bytes: octets, oldest, newest, sample };
  const { login, criteria, args, createdBy, createdAt, jobId, jobState } = plan;
  return { ...about, login, criteria, args, createdBy, createdAt, jobId, jobState };
}

export async function printPlan(out: Output, plan: Plan): Promise<void> {
  const { id, job, mailbox, folder, messages, oldest, newest, criteria } = plan;
  await out.line(`${out.paint('bold', `plan ${id}`)}: ${deedOf(plan)}`);
  await facts(
    out,
    [
      ['job', job],
      ['mailbox', `${mailbox}, folder ${folder} (UIDVALIDITY ${plan.uidValidity})`],
      ['which', describeCriteria(criteria)],
      ['messages', `${count(messages)}, ${bytes(plan.bytes)}`],
      ['received', messages === 0 ? null : `${instant(oldest)} to ${instant(newest)}`],
      ['asked by', `${plan.createdBy}, ${instant(plan.createdAt)}`],
      ['applied by', plan.jobId === null ? null : `job ${plan.jobId}, ${plan.jobState}`],
    ],
    '  ',
  );
  const sample = plan.sample.map(({ uid, ...facts }) => ({ ...facts, id: uid }));
  await printSample(out, 'UID', sample, messages);
}

/** Some of the messages that a job is about. @param named what `id` is @param messages how many there are in all */
export async function printSample(
  out: Output,
  named: 'UID' | 'MESSAGE',
  sample: readonly (Omit<PlanSample, 'uid'> & { readonly id: string })[],
  messages: number,
): Promise<void> {
  if (sample.length === 0) return;
  await out.line();
  const rows = sample.map(({ date, id, size, from, subject }): Cell[] => [
    { text: `  ${instant(date)}` },
    { text: id },
    { text: bytes(size) },
    { text: from ?? '-' },
    { text: subject ?? '-' },
  ]);
  await table(out, ['  RECEIVED', named, 'SIZE', 'FROM', 'SUBJECT'], rows);
  if (messages > sample.length) await out.line(`  ... and ${count(messages - sample.length)} more`);
}
