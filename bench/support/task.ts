// What a measured program is told, and what it says at its end.

import { readFileSync } from 'node:fs';
import type { MaildrainOptions } from '../../src/index.ts';

export interface Task {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly databaseUrl: string;
  /** Octets of the largest message. */
  readonly sizeLimit: number;
}

export interface Finished {
  /** Milliseconds from the start of the process until the work began. */
  readonly startMs: number;
  /** Milliseconds of the work, from connecting to the last goodbye. */
  readonly workMs: number;
  /** User and system seconds of the whole process. */
  readonly cpuS: number;
  /** Peak resident set in octets. */
  readonly peakRss: number;
}

/** The name of the one mailbox. */
export const MAILBOX = 'bench';

const VARIABLE = 'MAILDRAIN_BENCH_TASK';

export function taskEnvironment(task: Task): NodeJS.ProcessEnv {
  return { ...process.env, [VARIABLE]: JSON.stringify(task) };
}

export function readTask<T extends Task = Task>(): T {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('started by a bench only');
  return JSON.parse(text);
}

/** What both programs of ours are given: one mailbox, drained by deleting. */
export function optionsOf(task: Task): MaildrainOptions {
  const { host, port, user, password, sizeLimit } = task;
  const imap = { host, port, user, password: () => password, tls: 'none' as const };
  return {
    postgres: task.databaseUrl,
    mailboxes: [{ name: MAILBOX, imap, dispose: 'delete', sizeLimit }],
    logLevel: 'error',
  };
}

/**
 * Peak resident set of a process in octets; null when it is gone. getrusage(2) will not do: its ru_maxrss counts what the parent held when it
 * forked, exec(2) does not reset it.
 */
export function peakRssOf(pid: number | 'self'): number | null {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

/**
 * @param startedAt and `endedAt` by performance.now(), whose zero is the start of the process
 * @param more whatever else the program has to say
 */
export function finish(startedAt: number, endedAt: number, more: object = {}): void {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const finished: Finished = {
    startMs: startedAt,
    workMs: endedAt - startedAt,
    cpuS: (userCPUTime + systemCPUTime) / 1e6,
    peakRss: peakRssOf('self') ?? Number.NaN,
  };
  process.stdout.write(`${JSON.stringify({ ...finished, ...more })}\n`);
}
