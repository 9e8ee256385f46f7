// The options that say which messages a job is about: the same words for every job, on the server and over stored mail. Their values are
// checked by criteria.ts, all together, so that every mistake is told at once.

import { type Command, InvalidArgumentError } from 'commander';
import { type CriteriaWords, KINDS, type Over } from '../criteria.ts';

type Word = keyof CriteriaWords;

interface CriterionOption {
  readonly word: Word;
  readonly flags: string;
  readonly help: string;
}

const OPTIONS: readonly CriterionOption[] = [
  { word: 'before', flags: '--before <day>', help: 'arrived before this day: 2015-01-01' },
  { word: 'since', flags: '--since <day>', help: 'arrived on this day or later' },
  { word: 'olderThan', flags: '--older-than <days>', help: 'arrived at least so long ago: 30d' },
  { word: 'from', flags: '--from <text>', help: 'the sender contains this' },
  { word: 'to', flags: '--to <text>', help: 'a recipient contains this' },
  { word: 'subject', flags: '--subject <text>', help: 'the subject contains this' },
  {
    word: 'header',
    flags: '--header <name=text>',
    help: 'the field contains this; NAME= asks that it is there; repeatable',
  },
  { word: 'larger', flags: '--larger <size>', help: 'more octets than this: 10MB' },
  { word: 'smaller', flags: '--smaller <size>', help: 'fewer octets than this' },
  { word: 'seen', flags: '--seen', help: 'has been read' },
  { word: 'unseen', flags: '--unseen', help: 'has not been read' },
  { word: 'flagged', flags: '--flagged', help: 'is flagged (starred)' },
  { word: 'deleted', flags: '--deleted', help: 'is marked as deleted' },
  { word: 'kind', flags: '--kind <kind>', help: `is one of: ${KINDS.join(', ')}` },
  { word: 'uid', flags: '--uid <set>', help: 'has one of these UIDs: 1:100,205' },
  { word: 'messageId', flags: '--message-id <id>', help: 'has this Message-ID' },
  { word: 'gmail', flags: '--gmail <query>', help: 'Gmail finds it by this search; on Gmail only' },
  { word: 'all', flags: '--all', help: 'every message; needed where nothing else is said' },
];

/**
 * Adds the options for criteria to a command.
 *
 * @param taken words that mean something else on this command (`--to` of `move` names the folder: say `--header to=TEXT` there)
 */
export function addCriteriaOptions(command: Command, over: Over, taken: readonly Word[] = []): Command {
  for (const { word, flags, help } of OPTIONS) {
    if (taken.includes(word) || (word === 'gmail' && over === 'stored')) continue;
    if (word === 'header')
      command.option(flags, help, (text: string, before: readonly string[] = []) => [...before, text]);
    else if (flags.includes('<')) command.option(flags, help, once);
    else command.option(flags, help);
  }
  return command;
}

/** The last of two would be about other messages than both. */
function once(text: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError('It is given twice, and counts once.');
  return text;
}

/** The words among a command's options. @param taken as for addCriteriaOptions() */
export function criteriaWords(options: CriteriaWords, taken: readonly Word[] = []): CriteriaWords {
  const said = OPTIONS.filter(({ word }) => !taken.includes(word) && options[word] !== undefined);
  return Object.fromEntries(said.map(({ word }) => [word, options[word]]));
}
