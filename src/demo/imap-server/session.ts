// One connection from greeting to end: reads commands, asks the fault hook, runs the command, tells the client what changed, answers.
// What each command does is in login.ts, folders.ts, list.ts, fetch.ts, search.ts and change.ts; commands.ts is the table of them.

import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Gmail } from './gmail.ts';
import { canonicalName, decodeName, encodeName, quote } from './names.ts';
import type { Fault, ImapServerOptions, ReceivedCommand } from './options.ts';
import { GMAIL_APPEND_LIMIT, PLAIN_LITERAL_LIMIT } from './options.ts';
import { Output } from './output.ts';
import { bad, no, Refusal, type Token, tokenize } from './parser.ts';
import { CommandReader, type Pieces, Unreadable } from './reader.ts';
import type { Account, Entry, Mailbox } from './store.ts';
import type { View } from './view.ts';

/** What the sessions of one server share. */
export interface Host {
  readonly options: ImapServerOptions;
  account(user: string): Account;
  /** Null on an ordinary server. */
  gmail(account: Account): Gmail | null;
  /** A new message with the server's next id. */
  deliver(
    account: Account,
    mailbox: Mailbox,
    raw: Buffer,
    facts: { internalDate: Date; flags: readonly string[] },
  ): Entry;
  record(command: ReceivedCommand): void;
}

export interface Command {
  /** The session states it is allowed in. */
  readonly states: readonly State[];
  /** The capability without which it is unknown. */
  readonly needs?: string;
  /** Answered `OK [THROTTLED]` and not run while the account is throttled. */
  readonly writes?: boolean;
  /** Untagged EXPUNGE may go with its answer (RFC 3501 7.4.1: not with FETCH, STORE, SEARCH). */
  readonly holdsExpunges?: boolean;
  /** Done when the tagged OK is on the wire: STARTTLS and COMPRESS change what follows it. */
  readonly afterwards?: (session: Session) => void;
  /** Runs it and returns the tagged answer. Throws Refusal. */
  run(session: Session, args: readonly Token[], uid: boolean): string | Promise<string>;
}

export type State = 'anonymous' | 'authenticated' | 'selected';

/** Thrown by a command that the fault asked to stop half-way. */
class CutShort extends Error {}

export class Session {
  readonly id: number;
  readonly host: Host;
  readonly options: ImapServerOptions;
  readonly out: Output;
  readonly reader: CommandReader;
  socket: Socket;
  secure: boolean;
  compressed = false;
  user: string | null = null;
  account: Account | null = null;
  gmail: Gmail | null = null;
  view: View | null = null;
  /** Of the command that runs. */
  tag = '*';
  readonly enabled = new Set<string>();
  /** Set by LOGOUT and by whatever ends the connection with a BYE. */
  ending = false;
  /** Boundaries of `rewritesMime`: what this session last sent for a message, so that a partial fetch goes on in the same octets. */
  readonly rewritten = new WeakMap<object, Buffer>();
  #fault: Fault | null = null;
  readonly #commands: ReadonlyMap<string, Command>;

  constructor(id: number, socket: Socket, secure: boolean, host: Host, commands: ReadonlyMap<string, Command>) {
    this.id = id;
    this.socket = socket;
    this.secure = secure;
    this.host = host;
    this.options = host.options;
    this.#commands = commands;
    this.out = new Output(socket);
    const plus = this.options.literalPlus ?? true;
    const rules = {
      maxLiteral: this.options.maxLiteral ?? (this.options.gmail ? GMAIL_APPEND_LIMIT : PLAIN_LITERAL_LIMIT),
      nonSynchronizing: this.options.gmail ? ('minus' as const) : plus ? ('plus' as const) : ('none' as const),
    };
    this.reader = new CommandReader(socket, rules, async () => {
      this.out.line('+ Ready');
      await this.out.flush();
    });
  }

  get state(): State {
    if (this.account === null) return 'anonymous';
    return this.view === null ? 'authenticated' : 'selected';
  }

  /** The account; throws Refusal before login, which `states` already rules out. */
  theAccount(): Account {
    if (this.account === null) throw bad('Not logged in');
    return this.account;
  }

  theView(): View {
    if (this.view === null) throw bad('No mailbox selected');
    return this.view;
  }

  /** Also checks that the mailbox may be changed. */
  writableView(): View {
    const view = this.theView();
    if (view.readOnly) throw no('[NOPERM] Mailbox is read-only');
    return view;
  }

  get utf8(): boolean {
    return this.enabled.has('UTF8=ACCEPT');
  }

  nameFromWire(text: string): string {
    return canonicalName(this.utf8 ? text : decodeName(text));
  }

  nameToWire(name: string): string {
    return quote(this.utf8 ? name : encodeName(name));
  }

  untagged(text: string): void {
    this.out.line(`* ${text}`);
  }

  /** Runs until the client or the server ends the connection. Never throws. */
  async serve(): Promise<void> {
    try {
      while (!this.ending && !this.socket.destroyed) {
        const pieces = await this.reader.next();
        if (pieces === null) break;
        if (Array.isArray(pieces)) await this.#receive(pieces);
        else this.out.line(`${pieces.tag} ${pieces.refused}`);
        await this.out.flush();
      }
    } catch (error) {
      this.untagged(error instanceof Unreadable ? `BYE ${error.message}` : 'BYE Internal error');
      await this.out.flush();
      if (!(error instanceof Unreadable)) process.emitWarning(error instanceof Error ? error : String(error));
    } finally {
      await this.hangUp();
    }
  }

  /** Sends what is written and ends the connection. */
  async hangUp(): Promise<void> {
    this.ending = true;
    await this.out.finish(this.socket);
    this.socket.destroySoon();
  }

  /** `* BYE text` and the end, at once: an idle session is not asked. */
  async dismiss(text: string): Promise<void> {
    this.untagged(`BYE ${text}`);
    await this.out.flush();
    await this.hangUp();
  }

  async #receive(pieces: Pieces): Promise<void> {
    const first = typeof pieces[0] === 'string' ? pieces[0] : '';
    const head = /^([^\s(){%*"\\+]+) +(?:(UID) +)?([A-Za-z0-9-]+) ?/i.exec(first);
    if (head === null) {
      this.out.line(`${/^[^\s(){%*"\\+]+/.exec(first)?.[0] ?? '*'} BAD Invalid command`);
      return;
    }
    const tag = head[1] ?? '*';
    const name = `${head[2] === undefined ? '' : 'UID '}${head[3] ?? ''}`.toUpperCase();
    const rest: Pieces = [first.slice(head[0].length), ...pieces.slice(1)];
    const received: ReceivedCommand = {
      connection: this.id,
      user: this.user,
      tag,
      name,
      args: describe(name, rest),
      folder: this.view?.mailbox.name ?? null,
      at: new Date(),
    };
    this.host.record(received);
    const fault = (await this.options.onCommand?.(received)) ?? null;
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
    for (const line of fault?.untagged ?? []) this.untagged(line);
    if (fault?.bye !== undefined) return this.dismiss(fault.bye);
    if (fault?.drop === 'before') return this.#cut();
    if (fault?.reply !== undefined && fault.after === undefined) return this.out.line(`${tag} ${fault.reply}`);
    this.#fault = fault;
    this.tag = tag;
    const answer = await this.#answer(name, rest);
    this.#fault = null;
    if (answer === null && (fault?.reply === undefined || fault.drop !== undefined)) return this.#cut();
    if (fault?.drop === 'after-effect') return this.#cut();
    if (fault?.drop !== undefined) {
      // Reached by `midway` and `mid-literal` only when there were fewer messages than they asked for.
      if (fault.drop === 'before-tagged' || this.#commands.get(name)?.writes !== true) await this.out.flush();
      return this.#cut();
    }
    this.out.line(`${tag} ${fault?.reply ?? answer ?? 'NO'}`);
    const afterwards = this.#commands.get(name)?.afterwards;
    if (afterwards !== undefined && fault?.reply === undefined && answer?.startsWith('OK')) {
      await this.out.flush();
      await nextTurn();
      afterwards(this);
    }
  }

  /** The tagged answer, or null when the fault stopped the command half-way. */
  async #answer(name: string, rest: Pieces): Promise<string | null> {
    const command = this.#commands.get(name);
    try {
      if (command === undefined) throw bad(`Unknown command ${name}`);
      if (command.needs !== undefined && !this.capable(command.needs)) throw bad(`Unknown command ${name}`);
      if (!command.states.includes(this.state)) throw bad(`${name} is not allowed now`);
      if (this.view?.over === true) {
        await this.dismiss('Selected mailbox was deleted, have to disconnect.');
        return null;
      }
      if (this.account?.bandwidthLeft !== null && (this.account?.bandwidthLeft ?? 1) <= 0 && name !== 'LOGOUT') {
        await this.dismiss('[OVERQUOTA] Account exceeded command or bandwidth limits.');
        return null;
      }
      const args = tokenize(rest);
      const uid = name.startsWith('UID ');
      // Numbers in the arguments are those the client knows, so it is told of changes afterwards; UIDs need no such care.
      if (uid) this.tell(true);
      const throttled = command.writes === true && this.account?.throttled === true;
      const answer = throttled ? 'OK [THROTTLED] Completed' : await command.run(this, args, uid);
      this.tell(uid || command.holdsExpunges !== true);
      return answer;
    } catch (error) {
      if (error instanceof CutShort) {
        if (this.#fault?.reply !== undefined) this.tell(name.startsWith('UID ') || command?.holdsExpunges !== true);
        return null;
      }
      if (!(error instanceof Refusal)) throw error;
      this.tell(name.startsWith('UID ') || command?.holdsExpunges !== true);
      return error.reply;
    }
  }

  /** Untagged EXPUNGE and EXISTS of what happened in the selected mailbox. */
  tell(expunges: boolean): void {
    for (const line of this.view?.refresh(expunges) ?? []) this.untagged(line);
  }

  capable: (capability: string) => boolean = () => false;

  /** How many of `count` messages the fault lets this command take. When fewer, the caller ends with `stopHere`. */
  share(count: number): number {
    const fault = this.#fault;
    if (fault === null || (fault.drop !== 'midway' && fault.reply === undefined)) return count;
    return Math.min(count, fault.after ?? 0);
  }

  /** The number of the message in the answer whose literal is cut; null when none is. */
  get cutLiteralOf(): number | null {
    return this.#fault?.drop === 'mid-literal' ? (this.#fault.after ?? 0) : null;
  }

  /** Ends a command that took its share. What FETCH has sent so far goes out; what a write has not said is never said. */
  async stopHere(sendWhatIsThere: boolean): Promise<never> {
    if (sendWhatIsThere || this.#fault?.reply !== undefined) await this.out.flush();
    throw new CutShort();
  }

  async #cut(): Promise<void> {
    this.out.discard();
    await this.hangUp();
  }
}

/** The arguments as text for the record and the hook: no octets of messages, no credentials. */
function describe(name: string, rest: Pieces): string {
  const text = rest.map((piece) => (typeof piece === 'string' ? piece : `{${piece.length}}`)).join('');
  if (name === 'LOGIN') return `${text.split(' ', 1)[0] ?? ''} ***`;
  if (name === 'AUTHENTICATE') return text.replace(/^(\S+) .*/, '$1 ***');
  return text;
}
