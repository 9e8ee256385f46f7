// The command line as a whole, in this process: help, suggestions, and which mistakes are refused before anything is opened.

import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/context.ts';
import { createOutput } from '../../src/cli/output.ts';
import { buildProgram, runProgram } from '../../src/cli/program.ts';
import { type Keeping, keeping } from './streams.ts';

function fakeTerminal(): Terminal & { stdout: Keeping; stderr: Keeping } {
  const stdout = keeping();
  const stderr = keeping();
  return { stdout, stderr, out: createOutput(stdout, stderr, {}), beforeLog: () => {}, exitCode: 0 };
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = fakeTerminal();
  await runProgram(args, terminal);
  return { code: terminal.exitCode, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

function verbs(command: Command, path: string[] = []): string[][] {
  return command.commands
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => [[...path, each.name()], ...verbs(each, [...path, each.name()])]);
}

describe('help', () => {
  const all = verbs(buildProgram(fakeTerminal()));

  it('knows every verb', () => {
    expect(all.map((path) => path.join(' '))).toEqual([
      'serve',
      'drain',
      'check',
      'folders',
      'status',
      'resume',
      'held',
      'release',
      'messages',
      'messages list',
      'messages show',
      'messages raw',
      'messages receipt',
      'bounces',
      'bounces list',
      'bounces stats',
      'suppressions',
      'suppressions list',
      'suppressions check',
      'suppressions add',
      'suppressions remove',
      'suppressions plan',
      'suppressions export',
      'verp',
      'verp sign',
      'verp verify',
      'purge',
      'empty-trash',
      'move',
      'copy',
      'flag',
      'undelete',
      'restore',
      'reclassify',
      'expire',
      'export',
      'verify',
      'plans',
      'plans list',
      'plans show',
      'plans apply',
      'jobs',
      'jobs list',
      'jobs show',
      'jobs cancel',
      'jobs retry',
      'classify',
      'migrate',
      'config',
      'config check',
      'config schema',
      'demo',
    ]);
  });

  it.each(all.map((path) => [path.join(' '), path] as const))(
    'of "%s" says what it does, with an example and the global options',
    async (name, path) => {
      const { code, stdout, stderr } = await run(...path, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(new RegExp(`^Usage: maildrain ${name}\\b`));
      expect(stdout).toMatch(new RegExp(`\\nExamples:\\n {2}\\$ (maildrain ${name}|kill )`));
      for (const option of ['--config', '--json', '--log-level']) expect(stdout).toContain(option);
    },
  );

  it('of the program names the exit codes; the version is that of the package', async () => {
    const help = await run('--help');
    expect(help.stdout).toContain(
      '0 done   1 failed   2 usage or configuration   3 a mailbox is stopped   4 partly done',
    );
    const { stdout, code } = await run('--version');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a mistake in the arguments is exit code 2 and says what was meant', () => {
  const cases: { why: string; args: string[]; says: RegExp }[] = [
    { why: 'no verb', args: [], says: /Usage: maildrain VERB/ },
    { why: 'a verb misspelt', args: ['drian'], says: /unknown command 'drian'\n\(Did you mean drain\?\)/ },
    { why: 'a verb of a verb misspelt', args: ['messages', 'lst'], says: /Did you mean list\?/ },
    { why: 'an option misspelt', args: ['drain', '--al'], says: /unknown option '--al'\n\(Did you mean --all\?\)/ },
    { why: 'one argument too many', args: ['status', 'bounces'], says: /too many arguments/ },
    { why: 'a name is missing', args: ['resume'], says: /missing required argument 'name'/ },
    {
      why: 'an unknown level',
      args: ['status', '--log-level', 'loud'],
      says: /Allowed choices are debug, info, warn, error/,
    },
    { why: 'nothing to drain', args: ['drain'], says: /USAGE: name the mailboxes to drain, or give --all/ },
    { why: 'names and all', args: ['drain', 'a', '--all'], says: /not both/ },
    {
      why: 'a criterion twice',
      args: ['purge', 'a', '--before', '2013-03-09', '--before', '2014-01-01'],
      says: /'--before <day>' argument '2014-01-01' is invalid. It is given twice/,
    },
    { why: 'look and leave', args: ['drain', 'a', '--dry-run', '--enqueue'], says: /give one of them/ },
    { why: 'standard input twice', args: ['classify', '-', '-'], says: /standard input can be read once only/ },
    { why: 'UIDs and all', args: ['release', 'a', '1', '--all'], says: /not both/ },
    { why: 'a UID with a space', args: ['release', 'a', '1 2'], says: /as "maildrain held" prints it/ },
    { why: 'an id that is none', args: ['messages', 'show', 'x1'], says: /A message id is a whole number/ },
    {
      why: 'an id beyond bigint',
      args: ['messages', 'raw', '9223372036854775808'],
      says: /A message id is a whole number/,
    },
    { why: 'a limit of none', args: ['messages', 'list', '--limit', '0'], says: /from 1 to 10000/ },
    {
      why: 'a day that is none',
      args: ['messages', 'list', '--since', '2026-02-31'],
      says: /Give a day such as 2026-10-01/,
    },
    { why: 'a date of another country', args: ['messages', 'list', '--before', '10/01/2026'], says: /Give a day/ },
    { why: 'an age without unit', args: ['messages', 'list', '--since', '7'], says: /Give a day/ },
  ];
  it.each([
    [['drian'], "unknown command 'drian'"],
    [['drain', 'a', '--frob'], "unknown option '--frob'"],
    [['drain'], 'name the mailboxes to drain'],
  ])('and with --json a document: %j', async (args, says) => {
    const { code, stdout } = await run(...args, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'USAGE', message: expect.stringContaining(says) } });
  });

  it.each(cases)('$why', async ({ args, says }) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  it('an argument is repeated without its escape sequences', async () => {
    const { code, stderr } = await run('dr\u001b[31main');
    expect(code).toBe(2);
    expect(stderr).not.toContain('\u001b');
  });
});
