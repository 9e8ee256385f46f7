// IDLE (RFC 2177): tells of changes as they happen until the client says DONE. The only place where the server speaks unasked.

import { bad } from './parser.ts';
import type { Session } from './session.ts';

export async function idle(session: Session): Promise<string> {
  const account = session.theAccount();
  const watcher = (): void => {
    session.tell(true);
    // The client is idle and reads; what it does not read is a line or two.
    void session.out.flush();
  };
  session.out.line('+ idling');
  await session.out.flush();
  account.watchers.add(watcher);
  try {
    watcher();
    const line = await session.reader.line();
    if (line?.toUpperCase() !== 'DONE') throw bad('Expected DONE');
  } finally {
    account.watchers.delete(watcher);
  }
  return 'OK Idle completed';
}
