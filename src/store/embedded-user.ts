// As whom the embedded PostgreSQL runs. It refuses to run as root, and what it needs (node_modules, the state directory) often lies below
// a directory that only root may enter. Everything about that is here; embedded.ts only asks for a command line.

import { type SpawnOptions, spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refuse } from './embedded-binaries.ts';

/** An operating system user, and how to become it. */
export interface ServerUser {
  /** Null: we stay who we are. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
  /** What to spawn for `program args`, so that it runs as this user and reaches all that it was asked for with. */
  command(program: string, args: readonly string[]): { file: string; args: readonly string[]; options: SpawnOptions };
}

/** `nobody` where /etc/passwd does not say otherwise (Debian, Fedora, Arch). */
const NOBODY = { uid: 65_534, gid: 65_534 };

/** Capabilities that let a process enter any directory, least first, with their bits in /proc/self/status (linux/capability.h). */
const TRAVERSE: readonly { name: string; bit: bigint }[] = [
  { name: 'dac_read_search', bit: 2n },
  // Containers drop the first and keep this one.
  { name: 'dac_override', bit: 1n },
];

/**
 * Chooses the user. Without root: ourselves. As root: the owner of `ownDir` when that is somebody else who has an account, else `nobody`.
 *
 * @param ownDir existing directory whose owner counts
 * @param reach existing paths that the server must be able to get to
 * @throws MaildrainError EMBEDDED_POSTGRES when root cannot hand over
 */
export async function chooseUser(ownDir: string, reach: readonly string[]): Promise<ServerUser> {
  if (process.getuid?.() !== 0) {
    return { ids: null, command: (program, args) => ({ file: program, args, options: {} }) };
  }
  const accounts = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  const owner = await stat(ownDir);
  const ids =
    accounts.find((account) => account.uid === owner.uid && account.uid !== 0) ??
    accounts.find((account) => account.name === 'nobody') ??
    NOBODY;
  let blocked: string | null = null;
  for (const path of reach) blocked ??= await firstBlocked(path, ids.uid, ids.gid);
  if (blocked === null) {
    // Node drops the supplementary groups by itself when it changes the user.
    return { ids, command: (program, args) => ({ file: program, args, options: { uid: ids.uid, gid: ids.gid } }) };
  }
  const capability = await traverseCapability();
  const prefix =
    capability === null
      ? null
      : [
          `--reuid=${ids.uid}`,
          `--regid=${ids.gid}`,
          '--clear-groups',
          `--inh-caps=-all,+${capability}`,
          `--ambient-caps=-all,+${capability}`,
          `--bounding-set=-all,+${capability}`,
          // access(2) ignores the capabilities of a process whose real user is not root, unless this bit is set (capabilities(7),
          // SECBIT_NO_SETUID_FIXUP), and initdb looks for postgres with access(2).
          '--securebits=+no_setuid_fixup',
        ];
  if (prefix === null || spawnSync('setpriv', [...prefix, 'true'], { stdio: 'ignore' }).status !== 0) {
    throw refuse(
      `PostgreSQL does not run as root, and user ${ids.uid} may not enter ${blocked}. ` +
        'Run maildrain as an ordinary user, or install setpriv (package util-linux), or move the project and its state directory to where everybody may enter',
    );
  }
  return { ids, command: (program, args) => ({ file: 'setpriv', args: [...prefix, program, ...args], options: {} }) };
}

/** The first directory on the way to `path` (itself included) that the user may not enter, or null. Mode bits only. */
export async function firstBlocked(path: string, uid: number, gid: number): Promise<string | null> {
  const parent = dirname(path);
  if (parent !== path) {
    const above = await firstBlocked(parent, uid, gid);
    if (above !== null) return above;
  }
  const { mode, uid: owner, gid: group } = await stat(path);
  const executable = owner === uid ? mode & 0o100 : group === gid ? mode & 0o010 : mode & 0o001;
  return executable === 0 ? path : null;
}

/** Accounts of an /etc/passwd text; malformed lines are left out. */
export function parsePasswd(text: string): { name: string; uid: number; gid: number }[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    if (name === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

async function traverseCapability(): Promise<string | null> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const mask = /^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (mask === undefined) return null;
  const held = BigInt(`0x${mask}`);
  return TRAVERSE.find(({ bit }) => ((held >> bit) & 1n) === 1n)?.name ?? null;
}
