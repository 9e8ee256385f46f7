// A Redis server for tests: a free loopback port, nothing on disk but in a temporary directory, and `noeviction` as BullMQ demands.

import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { endServer, freePort, needProgram, serverAccount, shortTempDir, startServer } from './programs.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends and starts it on the same port; `SIGKILL` for a crash. What `appendonly` kept is there again. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 15_000;

/**
 * A server of one's own, for tests that restart or flush it.
 *
 * @throws Unavailable
 */
export async function startRedis(): Promise<RedisServer> {
  const program = needProgram('redis-server', 'redis-server', 'TEST_REDIS_URL');
  const account = serverAccount();
  const dir = shortTempDir('redis', account);
  const port = await freePort();
  const settings: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  let child = startServer(program, args, account);
  await untilReady(port);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async restart(signal = 'SIGTERM') {
      await endServer(child, signal);
      child = startServer(program, args, account);
      await untilReady(port);
    },
    async stop() {
      await endServer(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function untilReady(port: number): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  // PING answers -LOADING until the append-only file is read.
  while (!(await say(port, 'PING\r\n')).startsWith('+PONG')) {
    if (Date.now() > deadline) throw new Error('redis-server did not get ready');
    await sleep(30);
  }
}

function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('error', () => resolve(''));
    socket.on('data', (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.on('close', () => resolve(''));
  });
}
