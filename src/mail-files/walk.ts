// Which files are meant by what a person names: a file itself, the messages of a Maildir, everything below any other directory. Nothing is
// opened here. What cannot be looked at is said in its place and stops nothing.

import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

/** A file that may hold mail. */
export interface FoundFile {
  readonly what: 'file';
  /** As a person would write it: the name given, with what was found below it. `-`: standard input. */
  readonly path: string;
  /** Named itself. Of the files in a directory only those count that begin as mail does. */
  readonly named: boolean;
  /** It holds one message, whatever it looks like; null: to be seen from its beginning. */
  readonly form: 'message' | null;
  /** Octets; null: a pipe, a device or standard input, which have no size and may keep us waiting. */
  readonly size: number | null;
}

/** It cannot be looked at. */
export interface FailedPath {
  readonly what: 'failed';
  readonly path: string;
  readonly error: unknown;
}

export type Found = FoundFile | FailedPath;

/** How deep directories are followed: Linux ends a path at 4,096 octets, which is 2,048 directories; no real tree comes near this. */
const MAX_DEPTH = 100;

/** The files behind `paths`, in order, those of a directory by name. */
export function* walk(paths: readonly string[]): Generator<Found> {
  for (const path of paths) {
    if (path === '-') {
      yield { what: 'file', path, named: true, form: null, size: null };
      continue;
    }
    const stats = look(path);
    if (!isStats(stats)) yield stats;
    else if (stats.isDirectory()) yield* below(path, MAX_DEPTH);
    // Pipes and devices are read like files when they are named: maildrain classify <(zcat old.mbox.gz)
    else yield file(path, stats, true, false);
  }
}

function* below(dir: string, depth: number): Generator<Found> {
  const entries = list(dir);
  if (!Array.isArray(entries)) return void (yield entries);
  const directories = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  const isMaildir = directories.has('cur') && directories.has('new');
  if (isMaildir) {
    // What is in tmp is not delivered yet; what lies beside are the server's indexes. Maildir++ keeps folders in directories with a dot.
    yield* filesIn(join(dir, 'cur'));
    yield* filesIn(join(dir, 'new'));
  }
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      const isHidden = entry.name.startsWith('.');
      if (isMaildir ? !isHidden : isHidden && !isMaildirAt(path)) continue;
      if (depth > 0) yield* below(path, depth - 1);
      else yield { what: 'failed', path, error: new Error('too many directories within each other') };
    } else if (!isMaildir) yield* entryFile(entry, path, false);
  }
}

function* filesIn(dir: string): Generator<Found> {
  const entries = list(dir);
  if (!Array.isArray(entries)) return void (yield entries);
  for (const entry of entries) yield* entryFile(entry, join(dir, entry.name), true);
}

/** Links to files are followed; links to directories could go in circles. */
function* entryFile(entry: Dirent, path: string, isMessage: boolean): Generator<Found> {
  if (entry.name.startsWith('.') || !(entry.isFile() || entry.isSymbolicLink())) return;
  const stats = look(path);
  if (!isStats(stats)) yield stats;
  else if (stats.isFile()) yield file(path, stats, false, isMessage);
}

function file(path: string, stats: Stats, named: boolean, isMessage: boolean): FoundFile {
  const form = isMessage || path.toLowerCase().endsWith('.eml') ? 'message' : null;
  return { what: 'file', path, named, form, size: stats.isFile() ? stats.size : null };
}

function list(dir: string): Dirent[] | FailedPath {
  try {
    return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return { what: 'failed', path: dir, error };
  }
}

function look(path: string): Stats | FailedPath {
  try {
    return statSync(path);
  } catch (error) {
    return { what: 'failed', path, error };
  }
}

function isStats(found: Stats | FailedPath): found is Stats {
  return !('what' in found);
}

function isMaildirAt(dir: string): boolean {
  return ['cur', 'new'].every((name) => {
    const stats = look(join(dir, name));
    return isStats(stats) && stats.isDirectory();
  });
}
