// The embedded Postgres of a service that runs. Where the server ends without having been asked to, it is started again, or joined where another
// process was first: at the same port, so that all who use it go on by themselves.

import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { Embedded } from './store/embedded.ts';

/** Between two tries: it may be a full disk, which a person must see to. */
const AGAIN_MS = 10_000;

/**
 * @param start starts the server, or joins it
 * @param signal ends the keeping; stop() is still to be called
 */
export function keepUp(first: Embedded, start: () => Promise<Embedded>, signal: AbortSignal, log: Log): Embedded {
  let current = first;
  const again = async (): Promise<void> => {
    while (!signal.aborted) {
      log.warn({}, 'embedded postgres has ended, starting it again');
      try {
        current = await start();
        if (current.url !== first.url)
          log.error(
            {},
            'embedded postgres came back at another port, where nobody looks for it: start maildrain again',
          );
        return;
      } catch (error) {
        log.error({ error }, 'embedded postgres did not start');
        await pause(AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  };
  const keeping = (async () => {
    while (!signal.aborted) {
      await lostOrOver(current.lost, signal);
      await again();
    }
  })();
  return {
    url: first.url,
    lost: first.lost,
    async stop() {
      await keeping;
      return current.stop();
    },
  };
}

async function lostOrOver(lost: AbortSignal, over: AbortSignal): Promise<void> {
  const either = AbortSignal.any([lost, over]);
  if (either.aborted) return;
  await new Promise<void>((resolve) => either.addEventListener('abort', () => resolve(), { once: true }));
}
