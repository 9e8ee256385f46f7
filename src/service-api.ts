// What a program can ask of a maildrain, and what it gives to have one. service.ts does it.

import type { Config } from './config.ts';
import type { EventCallback } from './events/callback.ts';
import type { Level, Log } from './log.ts';
import type { DrainProgress, DrainReport, MailboxConfig } from './model.ts';
import type { Admin, JobWords } from './service-admin-api.ts';
import type { Bounces } from './service-bounces.ts';
import type { Suppressions } from './service-suppressions.ts';
import type { CheckReport } from './source/check.ts';
import type { Folder } from './source/folders.ts';
import type { SinkBacklog } from './store/deliveries.ts';
import type { HeldMessage } from './store/holds.ts';
import type { MessageFilter, MessageSummary, Receipt, StoredMessage } from './store/messages.ts';
import type { SchemaState } from './store/migrate.ts';
import type { MailboxCounts } from './store/status.ts';

/** Where the mailboxes come from: a list, or a function that is asked again every minute and on reload(). */
export type MailboxSource = readonly MailboxConfig[] | (() => Promise<readonly MailboxConfig[]>);

export interface ServiceOptions extends Omit<Config, 'mailboxes' | 'events' | 'retention'> {
  readonly mailboxes: MailboxSource;
  /** Null: the consumers that are registered stay as they are, and are told by whoever knows them. */
  readonly events: Config['events'] | null;
  /** Null: the function is gone for good, and what waits for it is given up. */
  readonly onEvent?: EventCallback | null | undefined;
  /** Absent: the defaults. */
  readonly retention?: Config['retention'] | undefined;
  readonly log: Log;
}

/** One mailbox in `status`. */
export interface MailboxStatus extends MailboxCounts {
  /** `new`: never drained. `gone`: no longer configured. */
  readonly state: 'ok' | 'waiting' | 'failing' | 'stopped' | 'new' | 'gone';
  /** Milliseconds since the last success; null: none yet. */
  readonly lagMs: number | null;
  readonly nextRunAt: Date | null;
}

export interface DrainOptions {
  readonly signal?: AbortSignal | undefined;
  readonly dryRun?: boolean | undefined;
  readonly onProgress?: ((progress: DrainProgress) => void) | undefined;
}

/** A maildrain on one database. Every method throws MaildrainError. */
export interface Maildrain {
  /** Migrates the database, then schedules and works until stop(). Twice is once. */
  start(): Promise<void>;
  /** Ends the drains in hand after their batch, then closes everything; what is called afterwards throws ABORTED. Twice is once. */
  stop(): Promise<void>;
  /** Reads the mailboxes again and makes the schedules match. */
  reload(mailboxes?: MailboxSource): Promise<void>;
  /** One pass here and now, without the queue. What goes wrong is in the report. */
  drain(name: string, options?: DrainOptions): Promise<DrainReport>;
  /** Puts a drain of a mailbox on the queue, or an admin job over stored mail such as `{ kind: 'reclassify' }`. Returns the job's id. */
  enqueue(what: string | JobWords): Promise<string>;
  mailboxes(): readonly MailboxConfig[];
  status(): Promise<MailboxStatus[]>;
  /** Who is told of events, and what each has not had yet. */
  consumers(): Promise<SinkBacklog[]>;
  check(name: string): Promise<CheckReport>;
  folders(name: string): Promise<Folder[]>;
  resume(name: string): Promise<boolean>;
  held(names?: readonly string[]): Promise<HeldMessage[]>;
  release(name: string, uids?: readonly string[]): Promise<string[]>;
  readonly messages: {
    list(filter: MessageFilter): Promise<MessageSummary[]>;
    find(id: string): Promise<StoredMessage | null>;
    raw(id: string): AsyncIterable<Buffer>;
    receipt(id: string): Promise<Receipt | null>;
  };
  /** Who is written to no more: asked before you send, and changed by hand. */
  readonly suppressions: Suppressions;
  /** What mail has reported of whom. */
  readonly bounces: Bounces;
  /** Purge, move, restore and the others: planned, queued, followed, cancelled. */
  readonly admin: Admin;
  migrate(): Promise<string[]>;
  schema(): Promise<SchemaState>;
}

/** What a program gives to createMaildrain(): the words of maildrain.yaml. */
export interface MaildrainOptions {
  /** A connection URL, or `embedded`. */
  readonly postgres: string;
  /** Absent or null: the queue runs on Postgres. */
  readonly redis?: string | null;
  /** Objects as in maildrain.yaml, where `password` may also be a function; or a function that returns them. */
  readonly mailboxes: readonly object[] | (() => readonly object[] | Promise<readonly object[]>);
  /** `{ verp, secret, headers }` as in maildrain.yaml, where each secret may also be a function. */
  readonly bounces?: object;
  /** `{ trust, rules }` as in maildrain.yaml. */
  readonly suppression?: object;
  /** Consumers as in maildrain.yaml, where each secret may also be a function. Absent: those that are registered stay; an empty list removes them. */
  readonly events?: readonly object[];
  /**
   * Called with each event while started, again until its promise resolves: at least once, of each key in order. Null: there is no such function any more, and
   * what waits for it is given up; absent, it goes on waiting.
   */
  readonly onEvent?: EventCallback | null;
  /** `{ raw, messages, ... }` as in maildrain.yaml. */
  readonly retention?: object;
  /** 1 to 100, over all processes. Default 8. */
  readonly connectionsPerHost?: number;
  /** Drains at a time in this process, 1 to 64. Default 4. */
  readonly concurrency?: number;
  /** Directory of the embedded Postgres. Default `.maildrain`. */
  readonly stateDir?: string;
  /** Milliseconds that stop() waits for the drains in hand. Default 30,000. */
  readonly shutdownGraceMs?: number;
  readonly logLevel?: Level;
  /** In place of the logger on stderr. */
  readonly log?: Log;
}
