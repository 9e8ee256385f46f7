// Which files are meant by what a person names: a file itself, the messages of a Maildir, everything below any other directory. Nothing is
// opened here. What cannot be looked at is said in its place and stops nothing.

import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface FoundFile {
  /** As a person would write it: the name given, with what was found below it. `-`: standard input. */
  readonly path: string;
  /** Named itself. Of the files in a directory only those count that begin as mail does. */
  readonly named: boolean;
  /** It holds one message, whatever it looks like; null: to be seen from its beginning. */
  readonly form: 'message' | null;
}

export interface FailedPath {
  readonly path: string;
  readonly error: unknown;
}

/** How deep directories are followed: PATH_MAX ends every real tree before that. */
const MAX_DEPTH = 100;

/** The files behind `paths`, in order, those of a directory by name. */
export function* walk(paths: readonly string[]): Generator<FoundFile | FailedPath> {
  for (const path of paths) {
    if (path === '-') {
      yield { path, named: true, form: null };
      continue;
    }
    try {
      // Pipes and devices are read like files when they are named: maildrain classify <(zcat old.mbox.gz)
      if (!statSync(path).isDirectory()) {
        yield { path, named: true, form: isMessageName(path) ? 'message' : null };
        continue;
      }
    } catch (error) {
      yield { path, error };
      continue;
    }
    yield* below(path, MAX_DEPTH);
  }
}

function* below(dir: string, depth: number): Generator<FoundFile | FailedPath> {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    yield { path: dir, error };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  const isMaildir = names.has('cur') && names.has('new');
  if (isMaildir) {
    // What is in tmp is not delivered yet; what lies beside are the server's indexes. Maildir++ keeps folders in directories with a dot.
    yield* maildirFiles(join(dir, 'cur'));
    yield* maildirFiles(join(dir, 'new'));
  }
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      if (isMaildir ? !entry.name.startsWith('.') : entry.name.startsWith('.') && !isMaildirAt(path)) continue;
      if (depth > 0) yield* below(path, depth - 1);
    } else if (!isMaildir && !entry.name.startsWith('.') && isFile(entry, path)) {
      yield { path, named: false, form: isMessageName(entry.name) ? 'message' : null };
    }
  }
}

function* maildirFiles(dir: string): Generator<FoundFile | FailedPath> {
  let entries: Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    yield { path: dir, error };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (!entry.name.startsWith('.') && isFile(entry, path)) yield { path, named: false, form: 'message' };
  }
}

function isMaildirAt(dir: string): boolean {
  return ['cur', 'new'].every((name) => statSync(join(dir, name), { throwIfNoEntry: false })?.isDirectory() === true);
}

/** Links to files are followed; links to directories could go in circles. */
function isFile(entry: Dirent, path: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isFile();
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isMessageName(name: string): boolean {
  return name.toLowerCase().endsWith('.eml');
}
