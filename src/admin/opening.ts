// While a job connects, logs in and opens its folder nothing has been done that would have to be finished. So whoever cancels, or stops the process,
// need not wait for a slow server: the line is cut. Later the signal only asks, and the slice in hand comes to its end.

import type { Turn } from './job.ts';

export interface Opening {
  /** Cuts the connection: for openAdmin(). */
  readonly signal: AbortSignal;
  /** From now on only a lost pen cuts it. */
  readonly over: () => void;
}

export function openingOf({ pen, signal }: Pick<Turn, 'pen' | 'signal'>): Opening {
  const cutting = new AbortController();
  const cut = (): void => cutting.abort();
  signal.addEventListener('abort', cut, { once: true });
  if (signal.aborted) cut();
  return {
    signal: AbortSignal.any([pen.lost, cutting.signal]),
    over: () => signal.removeEventListener('abort', cut),
  };
}
