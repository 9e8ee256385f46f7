// The mail server of the demo: Dovecot where one is installed that the demo can configure, else the project's own sample server with
// Gmail's behaviour. Nothing is installed, no system service is touched.

import { findDovecot, startDovecot } from './dovecot.ts';
import { startImapServer } from './imap-server/server.ts';

export interface DemoMailServer {
  readonly kind: 'dovecot' | 'sample';
  /** For people: what it is and why. */
  readonly description: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * @param wanted `auto`: Dovecot if possible
 * @param stateDir existing directory
 */
export async function startMailServer(
  wanted: 'auto' | 'dovecot' | 'sample',
  stateDir: string,
  password: string,
): Promise<DemoMailServer> {
  const found = wanted === 'sample' ? { why: 'as asked' } : findDovecot();
  let why = 'why' in found ? found.why : '';
  if ('program' in found) {
    try {
      const { version, port, stop } = await startDovecot(found, stateDir, password);
      return { kind: 'dovecot', description: `Dovecot ${version}, which is installed here`, port, stop };
    } catch (error) {
      if (wanted === 'dovecot') throw error;
      why = error instanceof Error ? error.message : String(error);
    }
  } else if (wanted === 'dovecot') throw new Error(why);
  // With Auto-Expunge on, Gmail's default, a message that anybody flags \Deleted is gone from the label at once: nothing to leave alone.
  const server = await startImapServer({ password, gmail: { autoExpunge: false } });
  return {
    kind: 'sample',
    description: `the project's own sample server with Gmail's behaviour (${why})`,
    port: server.port,
    stop: () => server.close(),
  };
}
