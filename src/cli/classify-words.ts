// How `classify` says what it read: one JSON object a message for programs, rows of a table for people, counts at the end. docs/bounces.md
// describes the object; a key is never taken away or given another meaning.

import type { ReadItem, ReadMessage } from '../mail-files/read-messages.ts';
import type { Kind, RecipientReport } from '../model-reading.ts';
import type { Cell, Colour } from './output.ts';
import { count, cutStart, plural } from './words.ts';

/** What was not read is `unreadable` with an `error`; every line has the same keys. */
export function documentOf(item: Exclude<ReadItem, { what: 'left-out' }>): Record<string, unknown> {
  const facts = item.what === 'message' ? item.facts : null;
  const verdict = facts?.verdict ?? null;
  return {
    file: item.name,
    message: item.number,
    size: item.size,
    kind: facts?.kind ?? 'unreadable',
    messageId: facts?.messageId ?? null,
    from: facts?.from ?? null,
    subject: facts?.subject ?? null,
    sentAt: facts?.sentAt ?? null,
    recipients: verdict?.recipients ?? [],
    originalMessageId: verdict?.originalMessageId ?? null,
    envelopeId: verdict?.envelopeId ?? null,
    feedbackType: verdict?.feedbackType ?? null,
    autoReply: verdict?.autoReply ?? null,
    rule: verdict?.rule ?? null,
    truncated: facts?.truncated ?? null,
    reader: facts?.reader ?? null,
    error: item.what === 'message' ? null : { code: CODES[item.why], message: item.message },
  };
}

const CODES = { missing: 'NOT_THERE', failed: 'NOT_READABLE', 'too-large': 'MESSAGE_TOO_LARGE' } as const;

export const HEADING = ['FILE', 'KIND', 'ADDRESS', 'ACTION', 'STATUS', 'CATEGORY', 'SAID'];

/** Columns for a file name and an address on a terminal, so that there is room for what was said. */
const FILE_WIDTH = 28;
const ADDRESS_WIDTH = 36;

/** One row for each recipient, or one for the message. `isNarrow`: for a terminal. */
export function rowsOf(item: ReadMessage, isNarrow: boolean): Cell[][] {
  const { kind, verdict } = item.facts;
  const name = item.number === null ? item.name : `${item.name} #${item.number}`;
  const file = { text: isNarrow ? cutStart(name, FILE_WIDTH) : name };
  const said = verdict.feedbackType ?? autoReplyWords(item) ?? null;
  if (verdict.recipients.length === 0) {
    return [[file, kindCell(kind), dash(null), dash(null), dash(null), dash(null), dash(said ?? item.facts.subject)]];
  }
  return verdict.recipients.map((recipient) => [
    file,
    kindCell(kind),
    { text: isNarrow ? cutStart(recipient.address ?? '-', ADDRESS_WIDTH) : (recipient.address ?? '-') },
    dash(recipient.action),
    dash(recipient.status ?? recipient.replyCode?.toString() ?? null),
    categoryCell(recipient),
    dash(said ?? recipient.diagnostic),
  ]);
}

function autoReplyWords({ facts: { verdict } }: ReadMessage): string | null {
  if (verdict.autoReply === null) return null;
  const { type, until } = verdict.autoReply;
  return until === null ? type : `${type} until ${until}`;
}

function dash(text: string | null): Cell {
  return { text: text ?? '-' };
}

const KIND_COLOURS: Partial<Record<Kind, Colour>> = { complaint: 'red', unreadable: 'red', other: 'dim' };

function kindCell(kind: Kind): Cell {
  const colour = KIND_COLOURS[kind];
  return colour === undefined ? { text: kind } : { text: kind, colour };
}

function categoryCell({ category, hard }: RecipientReport): Cell {
  if (category === null) return { text: '-' };
  return hard === true ? { text: `${category} (hard)`, colour: 'red' } : { text: category };
}

/** Counts of what was read. */
export class Counts {
  messages = 0;
  bytes = 0;
  leftOut = 0;
  unread = 0;
  readonly #kinds = new Map<Kind, number>();
  #failed = 0;
  #hard = 0;
  #delayed = 0;

  add(item: ReadItem): void {
    this.bytes += item.size ?? 0;
    if (item.what === 'left-out') this.leftOut++;
    else if (item.what === 'unread') this.unread++;
    else this.#addMessage(item);
  }

  #addMessage({ facts: { kind, verdict } }: ReadMessage): void {
    this.messages++;
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    if (kind !== 'bounce') return;
    for (const { action, hard } of verdict.recipients) {
      if (action === 'failed') this.#failed++;
      if (action === 'failed' && hard === true) this.#hard++;
      if (action === 'delayed') this.#delayed++;
    }
  }

  /** `12 messages: 8 bounces (9 recipients failed, 7 of them hard; 1 delayed), 1 complaint, 3 other` */
  words(): string {
    const kinds = KIND_WORDS.flatMap(([kind, one, several]) => {
      const found = this.#kinds.get(kind) ?? 0;
      if (found === 0) return [];
      const words = `${count(found)} ${found === 1 ? one : several}`;
      return [kind === 'bounce' ? words + this.#bounceWords() : words];
    });
    return `${plural(this.messages, 'message')}${kinds.length === 0 ? '' : `: ${kinds.join(', ')}`}`;
  }

  #bounceWords(): string {
    const parts: string[] = [];
    if (this.#failed > 0) parts.push(`${plural(this.#failed, 'recipient')} failed, ${count(this.#hard)} of them hard`);
    if (this.#delayed > 0) parts.push(`${plural(this.#delayed, 'recipient')} delayed`);
    return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
  }
}

/** In the order in which a reader looks for them: of one, and of several. */
const KIND_WORDS: readonly (readonly [kind: Kind, one: string, several: string])[] = [
  ['bounce', 'bounce', 'bounces'],
  ['complaint', 'complaint', 'complaints'],
  ['auto-reply', 'automatic reply', 'automatic replies'],
  ['mdn', 'notification of reading', 'notifications of reading'],
  ['other', 'other', 'other'],
  ['unreadable', 'unreadable', 'unreadable'],
];
