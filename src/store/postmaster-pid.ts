// Reading PostgreSQL's postmaster.pid and asking whether the process it names is that server. The file survives crashes and reboots, and
// its pid may by then belong to any other program.

import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

export interface PostmasterPid {
  readonly pid: number;
  /** Null while the server has not written it yet. */
  readonly port: number | null;
  /** It accepts connections. */
  readonly ready: boolean;
}

/** The file of a data directory; null when there is none or nothing readable in it. Lines as in PostgreSQL's pidfile.h. */
export async function readPostmasterPid(dataDir: string): Promise<PostmasterPid | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => null);
  return text === null ? null : parsePostmasterPid(text);
}

/** Exported for its table of cases. */
export function parsePostmasterPid(text: string): PostmasterPid | null {
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  // A negative pid is a single-user server: it takes no connections.
  if (!Number.isInteger(pid) || pid <= 1) return null;
  return { pid, port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : null, ready: lines[7] === 'ready' };
}

/** Whether a process lives and is the server of this data directory (an absolute, real path): a server stands in its data directory. */
export async function isServerProcess(pid: number, dataDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  if (process.platform !== 'linux') return (await commandLine(pid)).includes(dataDir);
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === dataDir;
  } catch {
    // Another user's process hides where it stands, but not what it was started with.
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return argv.includes(dataDir);
  }
}

function commandLine(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'command=', '-p', String(pid)], (_error, stdout) => resolve(stdout));
  });
}
