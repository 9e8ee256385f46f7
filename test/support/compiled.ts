// The program and the tests' own child processes as JavaScript, compiled once for the whole run: tests that start them again and again
// would spend most of their time compiling them otherwise. Inside the project, where their imports are found.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface Compiled {
  /** Path of the command line's entry. */
  readonly main: string;
  /** Where `test/x/y.ts` is found as `test/x/y.js`; which there are, is in tsconfig.children.json. */
  readonly children: string;
  remove(): void;
}

export function compileProgram(): Compiled {
  const dir = join(ROOT, `.test-services/program-${process.pid}`);
  const children = join(dir, 'children');
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  for (const place of [dir, children]) {
    mkdirSync(place, { recursive: true });
    // What the program looks for beside itself.
    for (const name of ['migrations', 'package.json']) symlinkSync(join(ROOT, name), join(place, name));
  }
  try {
    compile('tsconfig.build.json', join(dir, 'dist'));
    compile('test/support/tsconfig.children.json', children);
  } catch (error) {
    remove();
    throw error;
  }
  return { main: join(dir, 'dist/cli/main.js'), children, remove };
}

function compile(project: string, outDir: string): void {
  const options = ['-p', join(ROOT, project), '--outDir', outDir, '--declaration', 'false', '--sourceMap', 'false'];
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${project} does not compile:\n${stdout}`);
}
