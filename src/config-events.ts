// The `events` list: who is told what has happened, by a queue or by a webhook. The table is in config-schema-reports.ts; who tells them is
// events/ and jobs/.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration, shown to people

import type { Path } from './config-problems.ts';
import { isMap, type Reading, readMap, take } from './config-read.ts';
import { LIMITS } from './config-schema.ts';
import { EVENT_FIELDS } from './config-schema-reports.ts';
import { readSecrets } from './config-secret.ts';
import { checkUrl } from './config-values.ts';
import type { SecretSource } from './model.ts';
import { EVENT_TYPES, type EventType } from './model-pipeline.ts';

export interface EventSinkConfig {
  readonly name: string;
  readonly types: readonly EventType[];
  readonly target:
    | { readonly queue: string }
    | {
        readonly webhook: {
          readonly url: string;
          /** Each signs. */
          readonly secrets: readonly SecretSource[];
          readonly allowPrivateRedirects: boolean;
        };
      };
}

/** Every message is an event of its own; who wants that much asks for it. */
const DEFAULT_TYPES: readonly EventType[] = EVENT_TYPES.filter((type) => type !== 'message.stored');

/** The name under which `onEvent` of the library hears (store/sinks.ts), and the queues of our own (jobs/link.ts). */
const TAKEN_NAME = 'onEvent';
const TAKEN_QUEUES: readonly unknown[] = ['maildrain', 'maildrain-admin'];

/** Sinks with problems are left out of the result. */
export function readEvents(value: unknown, path: Path, reading: Reading): EventSinkConfig[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const text = 'must be a list of consumers (- name: ...)';
    reading.problems.push({ path, text: value === null ? `is empty; it ${text}` : text });
    return [];
  }
  const first = new Map<string, number>();
  return value.flatMap((item: unknown, index) => {
    const here = [...path, index];
    if (!isMap(item)) {
      reading.problems.push({ path: here, text: 'must be a map with name and either queue or webhook' });
      return [];
    }
    const { name } = item;
    const before = typeof name === 'string' ? first.get(name) : undefined;
    if (before !== undefined)
      reading.problems.push({
        path: [...here, 'name'],
        text: `is the name of events[${before}] already; names must differ`,
      });
    else if (typeof name === 'string') first.set(name, index);
    return readSink(item, here, reading) ?? [];
  });
}

function readSink(map: Readonly<Record<string, unknown>>, path: Path, reading: Reading): EventSinkConfig | null {
  const before = reading.problems.length;
  const at = (key: string) => [...path, key];
  const values = readMap(EVENT_FIELDS, map, path, reading, ['secret'], 'near');
  if (values.name === TAKEN_NAME)
    reading.problems.push({ path: at('name'), text: `cannot be ${TAKEN_NAME}, which is the function of a program` });
  const target = readTarget(map, values.queue, values, path, reading);
  if (reading.problems.length > before || values.name === undefined || target === null) return null;
  return { name: values.name, types: [...new Set(values.types ?? DEFAULT_TYPES)], target };
}

function readTarget(
  map: Readonly<Record<string, unknown>>,
  queue: string | undefined,
  values: { readonly webhook?: string; readonly allowPrivateRedirects?: boolean },
  path: Path,
  reading: Reading,
): EventSinkConfig['target'] | null {
  const wrong = (key: string | null, text: string) => {
    reading.problems.push({ path: key === null ? path : [...path, key], text });
    return null;
  };
  if (map.queue !== undefined && map.webhook !== undefined)
    return wrong('webhook', 'stands beside queue; a consumer has one of them, so write two consumers');
  if (map.webhook === undefined) {
    for (const key of ['secret', 'allowPrivateRedirects'])
      if (map[key] !== undefined) wrong(key, 'has a meaning only beside webhook; remove it');
    if (map.queue === undefined) return wrong(null, 'has neither queue nor webhook; write one of them');
    if (TAKEN_QUEUES.includes(queue))
      return wrong('queue', `cannot be ${String(queue)}, on which maildrain runs itself; choose another`);
    return queue === undefined ? null : { queue };
  }
  const example = 'https://example.com/hooks/maildrain';
  const url =
    values.webhook === undefined
      ? undefined
      : take(checkUrl(values.webhook, reading.env, ['https:', 'http:'], example), [...path, 'webhook'], reading);
  // Without a signature anybody could tell the consumer anything.
  const secrets = readSecrets(map.secret, LIMITS.webhookSecrets, [...path, 'secret'], reading);
  if (url === undefined) return null;
  return { webhook: { url, secrets, allowPrivateRedirects: values.allowPrivateRedirects ?? false } };
}
