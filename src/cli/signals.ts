// SIGINT and SIGTERM: the first asks to stop at a safe point, the second ends the process at once. Whatever is cut so is a crash, which
// the drain survives.

import { constants } from 'node:os';

const ENDING = ['SIGINT', 'SIGTERM'] as const;

/**
 * One Ctrl-C arrives twice under `npm run`: from the terminal, and some milliseconds later passed on by npm (and by tsx, which waits 30 ms). Nobody
 * presses it twice so fast.
 */
export const ECHO_MS = 250;

export interface Interruption {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** 130 for SIGINT, 143 for SIGTERM; null: none came. */
  exitCode(): number | null;
  /** Gives the signals back to Node. */
  release(): void;
}

/** @param onFirst what to tell the person; the signal is already aborted */
export function listenForSignals(onFirst: (name: string) => void): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  let firstAt = 0;
  const handler = (name: (typeof ENDING)[number]): void => {
    const mine = 128 + constants.signals[name];
    if (code !== null) {
      if (performance.now() - firstAt < ECHO_MS) return;
      process.exit(mine);
    }
    code = mine;
    firstAt = performance.now();
    controller.abort();
    onFirst(name);
  };
  for (const name of ENDING) process.on(name, handler);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release() {
      for (const name of ENDING) process.off(name, handler);
    },
  };
}
