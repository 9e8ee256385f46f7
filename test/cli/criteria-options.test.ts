// The options for criteria, as commander hands them on.

import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCriteriaOptions, criteriaWords } from '../../src/cli/criteria-options.ts';
import { type CriteriaWords, type Over, parseCriteria } from '../../src/criteria.ts';

function wordsOf(
  args: readonly string[],
  over: Over = 'server',
  taken: readonly (keyof CriteriaWords)[] = [],
): CriteriaWords {
  const command = addCriteriaOptions(new Command('job'), over, taken).exitOverride();
  command.configureOutput({ writeErr: () => {} });
  if (taken.includes('to')) command.option('--to <folder>');
  command.option('--yes').parse([...args], { from: 'user' });
  return criteriaWords(command.opts(), taken);
}

describe('the options for criteria', () => {
  it('become words, each by its name', () => {
    const args = [
      '--before',
      '2015-01-01',
      '--older-than',
      '30d',
      '--header',
      'A=1',
      '--header',
      'B=',
      '--message-id',
      '<1@a>',
    ];
    expect(wordsOf([...args, '--unseen', '--all', '--yes'])).toEqual({
      before: '2015-01-01',
      olderThan: '30d',
      header: ['A=1', 'B='],
      messageId: '<1@a>',
      unseen: true,
      all: true,
    });
  });

  it('hold nothing that was not said', () => {
    expect(wordsOf([])).toEqual({});
    expect(() => parseCriteria(wordsOf(['--yes']), 'server')).toThrow('say which messages');
  });

  it('leave a word to a command that needs it for something else', () => {
    expect(wordsOf(['--to', 'Archive', '--header', 'to=ann'], 'server', ['to'])).toEqual({ header: ['to=ann'] });
  });

  it('know no --gmail over stored mail', () => {
    expect(() => wordsOf(['--gmail', 'x'], 'stored')).toThrow("unknown option '--gmail'");
  });
});
