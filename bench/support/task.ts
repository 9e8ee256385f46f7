// What a measured program is told, and what it says at its end.

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

const VARIABLE = 'MAILDRAIN_BENCH_TASK';

export function taskEnvironment(task: Task): NodeJS.ProcessEnv {
  return { ...process.env, [VARIABLE]: JSON.stringify(task) };
}

export function readTask(): Task {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('started by bench/drain.ts only');
  return JSON.parse(text);
}

/** @param startedAt and `endedAt` by performance.now(), whose zero is the start of the process */
export function finish(startedAt: number, endedAt: number): void {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const finished: Finished = {
    startMs: startedAt,
    workMs: endedAt - startedAt,
    cpuS: (userCPUTime + systemCPUTime) / 1e6,
    peakRss: maxRSS * 1024,
  };
  process.stdout.write(`${JSON.stringify(finished)}\n`);
}
