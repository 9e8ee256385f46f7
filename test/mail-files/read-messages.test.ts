// Readings come in the order of the messages, here and from threads. Threads need compiled code: what they give is tested in
// test/cli/classify.test.ts, which runs the program.

import { expect, it } from 'vitest';
import type { MailItem } from '../../src/mail-files/messages.ts';
import { readMessages, threadsFor } from '../../src/mail-files/read-messages.ts';

async function* stream(items: readonly MailItem[], onEnd: () => void = () => {}): AsyncGenerator<MailItem> {
  try {
    yield* items;
  } finally {
    onEnd();
  }
}

function message(name: string): MailItem {
  return { what: 'message', name, number: null, raw: Buffer.from(`Subject: ${name}\r\n\r\nHello\r\n`) };
}

it('a message becomes its facts; what was not read passes in its place', async () => {
  const unread: MailItem = { what: 'unread', name: 'b', number: null, size: null, why: 'missing', message: 'gone' };
  const found = [];
  for await (const item of readMessages(stream([message('a'), unread, message('c')]), { threads: 0 })) found.push(item);
  expect(found.map((item) => item.name)).toEqual(['a', 'b', 'c']);
  expect(found[0]).toMatchObject({ what: 'message', size: 21, facts: { kind: 'other', subject: 'a' } });
  expect(found[1]).toBe(unread);
});

it('who stops early ends the stream, so that its file is closed', async () => {
  let ended = false;
  const items = stream([message('a'), message('b')], () => {
    ended = true;
  });
  for await (const _ of readMessages(items, { threads: 0 })) break;
  expect(ended).toBe(true);
});

it('TypeScript is read without threads', () => {
  expect(threadsFor(4)).toBe(0);
});
