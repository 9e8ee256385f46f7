// The consumer that is a function of the program itself (`onEvent`). It has the event when its promise resolves.

import { printable } from '../errors.ts';
import type { MaildrainEvent } from '../model-pipeline.ts';
import { NotDelivered, type Sender } from './sender.ts';

export type EventCallback = (event: MaildrainEvent) => Promise<void> | void;

export function callbackSender(onEvent: EventCallback): Sender {
  return {
    async send(event) {
      try {
        await onEvent(event);
      } catch (thrown) {
        // The words of a foreign error often repeat what was to be stored: they stay in the database, where the event is too.
        const name = thrown instanceof Error ? thrown.name : typeof thrown;
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        const loggable = `onEvent failed: ${printable(name.slice(0, 100))}`;
        throw new NotDelivered(`${loggable}: ${message}`, { loggable });
      }
    },
    async close() {},
  };
}
