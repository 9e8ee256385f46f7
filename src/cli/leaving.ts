// Ctrl-C of somebody who started or follows a job: the first leaves the job to its worker, a second within a few seconds asks to cancel it. From the
// moment a plan is shown: whoever presses it while the job is being put on the queue is told which job that is.

import { constants } from 'node:os';
import type { Terminal } from './context.ts';
import { ECHO_MS } from './signals.ts';

const ENDING = ['SIGINT', 'SIGTERM'] as const;
type Ending = (typeof ENDING)[number];

/** After the first Ctrl-C: how long the second may take. Long enough to read the sentence that says so. */
export const SECOND_MS = 5_000;

export interface Reactions {
  /** Says what the first one does, and does it. */
  readonly onFirst: () => void;
  readonly onCancel: () => void;
  /** The process goes, the job stays. */
  readonly onLeave: () => void;
  /** Whether SIGTERM leaves at once: a supervisor has no second thoughts. */
  readonly leavesOnTerm: boolean;
}

export interface Leaving {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Of the first signal, as a shell counts: 130 or 143. */
  exitCode(): number;
  /** There is a job from now on. A signal that came before is the first one. */
  react(reactions: Reactions): void;
  /** After a first signal: resolves when a second one came, or will not any more. */
  decided(): Promise<void>;
  /** Gives the signals back to Node. */
  release(): void;
}

export function listenForLeaving(terminal: Terminal): Leaving {
  const asked = new AbortController();
  let decide = (): void => {};
  const decision = new Promise<void>((resolve) => {
    decide = resolve;
  });
  let reactions: Reactions | null = null;
  let signals = 0;
  let firstName: Ending = 'SIGINT';
  let lastAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const leave = (): void => {
    decide();
    reactions?.onLeave();
  };
  const react = (name: Ending): void => {
    if (reactions === null) return;
    clearTimeout(timer);
    if (signals > 2 || (name === 'SIGTERM' && reactions.leavesOnTerm)) {
      leave();
      return;
    }
    if (signals === 1) {
      reactions.onFirst();
      if (name === 'SIGTERM') decide();
      else timer = setTimeout(leave, SECOND_MS);
      return;
    }
    decide();
    reactions.onCancel();
  };
  const handler = (name: Ending): void => {
    if (performance.now() - lastAt < ECHO_MS) return;
    lastAt = performance.now();
    signals++;
    terminal.beforeLog();
    if (signals === 1) {
      firstName = name;
      asked.abort();
    }
    // There is no job yet, and what should make one does not answer.
    if (reactions === null && signals > 2) process.exit(128 + constants.signals[name]);
    react(name);
  };
  for (const name of ENDING) process.on(name, handler);
  return {
    signal: asked.signal,
    exitCode: () => 128 + constants.signals[firstName],
    react(given) {
      reactions = given;
      if (signals === 0) return;
      signals = 1;
      react(firstName);
    },
    decided: async () => {
      if (signals > 0) await decision;
    },
    release() {
      clearTimeout(timer);
      decide();
      for (const name of ENDING) process.off(name, handler);
    },
  };
}
