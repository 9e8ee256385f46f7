// A seeded generator of ordinary mail: what arrives beside bounces and complaints in a mailbox that people and programs write to. The same
// seed gives the same messages. Kinds that look most like reports are here most often; ordinary.test.ts says what none of them may be read as.
import { Buffer } from 'node:buffer';
import { multipart } from './messages.ts';
import type { Chance, Draft } from './ordinary-drafts.ts';
import { MACHINE_KINDS } from './ordinary-machines.ts';
import { PEOPLE_KINDS } from './ordinary-people.ts';

export interface Ordinary {
  readonly name: string;
  readonly raw: Buffer;
  readonly kind: 'other' | 'auto-reply' | 'mdn';
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** All kinds, each as often as its table says. */
export function ordinaryMail(seed: number): Ordinary[] {
  const next = numbers(seed);
  const chance: Chance = {
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
    number: (below) => Math.floor(next() * below),
  };
  return [...PEOPLE_KINDS, ...MACHINE_KINDS].flatMap(({ name, times, draft }) =>
    Array.from({ length: times }, (_, index) => {
      const made = draft(chance);
      return {
        name: `${name} ${index + 1}: ${made.subject}`,
        raw: rendered(made, chance, index),
        kind: made.kind ?? 'other',
      };
    }),
  );
}

function rendered(draft: Draft, { pick }: Chance, index: number): Buffer {
  const header = [
    'Received: from mail.example.net ([192.0.2.9]) by mx.example.com; Mon, 4 May 2026 10:00:01 +0000',
    `From: ${encoded(draft.from)}`,
    'To: support@example.com',
    'Date: Mon, 4 May 2026 10:00:00 +0000',
    `Message-ID: <${index}@example.net>`,
    `Subject: ${word(draft.subject)}`,
    'MIME-Version: 1.0',
    ...(draft.header ?? []),
  ];
  if (draft.multipart !== undefined) {
    const { type, parts } = draft.multipart;
    return Buffer.from([...header, `Content-Type: ${type}; boundary=b`, '', multipart('b', parts)].join('\r\n'));
  }
  const body = draft.html ?? draft.body ?? '';
  const type = draft.html === undefined ? 'text/plain' : 'text/html';
  return Buffer.from([...header, ...transfer(body, type, pick(['8bit', 'base64', 'latin1', 'bare-lf']))].join('\r\n'));
}

/** The body in one of the encodings in which mail arrives. */
function transfer(body: string, type: string, how: 'base64' | '8bit' | 'latin1' | 'bare-lf'): string[] {
  if (how === 'base64') {
    const lines =
      Buffer.from(body)
        .toString('base64')
        .match(/.{1,76}/g) ?? [];
    return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', ...lines];
  }
  if (how === 'latin1' && [...body].every((char) => char <= '\u00ff')) {
    const text = body.replace(
      /[=\x80-\xff]/g,
      (char) => `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
    return [`Content-Type: ${type}; charset=iso-8859-1`, 'Content-Transfer-Encoding: quoted-printable', '', text];
  }
  return [`Content-Type: ${type}; charset=utf-8`, '', how === 'bare-lf' ? body.replaceAll('\r\n', '\n') : body];
}

function word(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

/** The name of `Name <address>` as an encoded word. */
function encoded(author: string): string {
  const at = author.lastIndexOf('<');
  return at <= 0 ? author : `${word(author.slice(0, at).trim())} ${author.slice(at)}`;
}
