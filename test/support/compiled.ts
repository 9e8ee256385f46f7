// The program as JavaScript, compiled once for the whole run: tests that start it as a process of its own, again and again, would spend
// most of their time compiling it otherwise. Inside the project, where its imports are found.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Compiled {
  /** Path of the command line's entry. */
  readonly main: string;
  remove(): void;
}

export function compileProgram(): Compiled {
  const dir = join(ROOT, `.test-services/program-${process.pid}`);
  mkdirSync(dir, { recursive: true });
  // What the program looks for beside itself.
  for (const name of ['migrations', 'package.json']) symlinkSync(join(ROOT, name), join(dir, name));
  const options = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(dir, 'dist'), '--declaration', 'false'];
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), options, { encoding: 'utf8' });
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  if (status !== 0) {
    remove();
    throw new Error(`the program does not compile:\n${stdout}`);
  }
  return { main: join(dir, 'dist/cli/main.js'), remove };
}
