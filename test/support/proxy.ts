// A TCP proxy that watches both directions and cuts a connection at a named point on the wire. It stands between maildrain and Dovecot,
// Postgres or Redis, knows none of their protocols, and works octet by octet: what is "before" a match is forwarded, nothing else is.

import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'client' | 'server';

/** `reset`: RST both ways. `end`: FIN both ways. `stall`: both lines stay open and silent until close(). */
export type CutStyle = 'reset' | 'end' | 'stall';

export interface CutRule {
  /** Who says it: `client` is maildrain. */
  direction: Direction;
  /** A string is octets as latin1. A RegExp sees latin1 text, needs no `g`, and should match within one line and 4 KiB. */
  match: string | RegExp;
  /** Which match since arming, over all connections; 1 is the first and the default. */
  occurrence?: number;
  /**
   * `before`: nothing of the match is forwarded. `after`: the chunk in which the match ends is forwarded whole.
   * `afterBytes`: so many octets after the end of the match are forwarded, and no more.
   */
  when: 'before' | 'after' | { afterBytes: number };
  /** Default `reset`. */
  style?: CutStyle;
  /**
   * "Sent, and the answer lost": from the point on, what the same direction says still gets through for so many milliseconds,
   * nothing of the other direction does, and then the cut is made.
   */
  loseAnswerForMs?: number;
}

export interface Cut {
  /** Resolves when the line is cut. Never rejects. */
  readonly happened: Promise<void>;
  readonly fired: boolean;
  disarm(): void;
}

export interface TranscriptEntry {
  connection: number;
  direction: Direction;
  /** Milliseconds since the proxy was opened. */
  atMs: number;
  bytes: Buffer;
  /** False: it arrived here and was not passed on. */
  forwarded: boolean;
}

export interface ProxyOptions {
  host?: string;
  port: number;
  /** Octets of transcript that are kept; later ones are forwarded unrecorded. Default 32 MiB. */
  recordLimit?: number;
}

interface Armed extends CutRule {
  left: number;
  fire(): void;
  done: boolean;
}

interface Line {
  id: number;
  client: Socket;
  server: Socket;
  dead: boolean;
  stalled: boolean;
  /** The direction whose octets are dropped while an answer is being lost. */
  mute: Direction | null;
}

/** A match that is split over chunks is found if it is not longer than this. */
const LOOK_BACK = 4_096;
/** What may be the beginning of a match is held back at most so long: the sender may have nothing more to say. */
const HOLD_MS = 25;
/** A reset makes the other side forget what it has not read yet: it gets this long to read what was meant to reach it. */
const SETTLE_MS = 10;
const RECORD_LIMIT = 32 * 1024 * 1024;

export class WireProxy {
  readonly transcript: TranscriptEntry[] = [];
  #server: Server;
  #lines = new Set<Line>();
  #rules = new Set<Armed>();
  #target: { host: string; port: number };
  #refusing = false;
  #count = 0;
  #openedAt = Date.now();
  #recordLeft: number;

  private constructor(options: ProxyOptions) {
    this.#target = { host: options.host ?? '127.0.0.1', port: options.port };
    this.#recordLeft = options.recordLimit ?? RECORD_LIMIT;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on a free loopback port. */
  static async open(options: ProxyOptions): Promise<WireProxy> {
    const proxy = new WireProxy(options);
    await new Promise<void>((listening, fail) => {
      proxy.#server.once('error', fail).listen(0, '127.0.0.1', listening);
    });
    return proxy;
  }

  readonly host = '127.0.0.1';

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return address.port;
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#count;
  }

  /** Connections open now. */
  get open(): number {
    return this.#lines.size;
  }

  /** The same URL by way of this proxy: `postgres://u:p@host:port/db` keeps all but host and port. */
  through(url: string): string {
    const through = new URL(url);
    through.hostname = this.host;
    through.port = String(this.port);
    return through.href;
  }

  /** Arms one cut. Several may be armed at once; each cuts one connection, once. Arm again for the next. */
  cutWhen(rule: CutRule): Cut {
    let fired = false;
    let fire = (): void => {};
    const happened = new Promise<void>((resolve) => {
      fire = () => {
        fired = true;
        resolve();
      };
    });
    const armed: Armed = { ...rule, left: rule.occurrence ?? 1, fire, done: false };
    this.#rules.add(armed);
    return {
      happened,
      get fired() {
        return fired;
      },
      disarm: () => void this.#rules.delete(armed),
    };
  }

  /** Cuts every open connection now. */
  cutAll(style: CutStyle = 'reset'): void {
    for (const line of [...this.#lines]) this.#cut(line, style);
  }

  /** New connections are reset at once until `refuse(false)`. Open ones stay. */
  refuse(yes: boolean): void {
    this.#refusing = yes;
  }

  /** For a server that came back on another port. Open connections stay where they are. */
  retarget(port: number, host = '127.0.0.1'): void {
    this.#target = { host, port };
  }

  /** What was said, as latin1, in order. `forwarded`: only what got through. */
  text(which: { direction?: Direction; connection?: number; forwarded?: boolean } = {}): string {
    return this.transcript
      .filter((entry) => which.direction === undefined || entry.direction === which.direction)
      .filter((entry) => which.connection === undefined || entry.connection === which.connection)
      .filter((entry) => which.forwarded === undefined || entry.forwarded === which.forwarded)
      .map((entry) => entry.bytes.toString('latin1'))
      .join('');
  }

  async close(): Promise<void> {
    this.#rules.clear();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cutAll('reset');
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#refusing) return void client.on('error', () => {}).resetAndDestroy();
    const server = connect({ ...this.#target, allowHalfOpen: true });
    const line: Line = { id: ++this.#count, client, server, dead: false, stalled: false, mute: null };
    this.#lines.add(line);
    client.setNoDelay(true);
    server.setNoDelay(true);
    for (const socket of [client, server]) {
      socket.on('error', () => this.#cut(line, 'reset'));
      socket.on('close', () => {
        if (client.destroyed && server.destroyed) this.#lines.delete(line);
      });
    }
    this.#watch(line, 'client', client, server);
    this.#watch(line, 'server', server, client);
  }

  #watch(line: Line, direction: Direction, from: Socket, to: Socket): void {
    // `seen`: already forwarded, kept so that a match may begin in it. `held`: may be the beginning of a match.
    let seen = Buffer.alloc(0);
    let held = Buffer.alloc(0);
    let from0 = 0;
    let timer: NodeJS.Timeout | undefined;
    let countdown: { left: number; rule: Armed } | null = null;

    const forward = (bytes: Buffer, then?: () => void): void => {
      if (bytes.length > 0) {
        const drop = line.dead || line.stalled || line.mute === direction;
        this.#record(line, direction, bytes, !drop);
        if (!drop) {
          if (!to.write(bytes, then)) {
            from.pause();
            to.once('drain', () => from.resume());
          }
          return;
        }
      }
      then?.();
    };
    const remember = (bytes: Buffer): void => {
      const all = Buffer.concat([seen, bytes]);
      const keep = Math.max(0, all.length - LOOK_BACK);
      from0 = Math.max(0, from0 - keep);
      seen = all.subarray(keep);
    };
    const strike = (rule: Armed, rest: Buffer): void => {
      this.#rules.delete(rule);
      const cut = (): void => {
        line.stalled = false;
        this.#cut(line, rule.style ?? 'reset');
        rule.fire();
      };
      if (rule.loseAnswerForMs === undefined) {
        this.#record(line, direction, rest, false);
        line.stalled = true;
        setTimeout(cut, SETTLE_MS);
        return;
      }
      line.mute = direction === 'client' ? 'server' : 'client';
      forward(rest);
      setTimeout(cut, rule.loseAnswerForMs);
    };
    const flush = (): void => {
      const bytes = held;
      held = Buffer.alloc(0);
      remember(bytes);
      forward(bytes);
    };

    from.on('data', (chunk: Buffer) => {
      clearTimeout(timer);
      if (line.dead || line.stalled) return this.#record(line, direction, chunk, false);
      const fresh = Buffer.concat([held, chunk]);
      held = Buffer.alloc(0);
      if (countdown !== null) {
        const now = countdown;
        if (fresh.length < now.left) {
          now.left -= fresh.length;
          return forward(fresh);
        }
        return forward(fresh.subarray(0, now.left), () => strike(now.rule, fresh.subarray(now.left)));
      }
      const rules = [...this.#rules].filter((rule) => rule.direction === direction && !rule.done);
      if (rules.length === 0 || line.mute !== null) {
        remember(fresh);
        from0 = seen.length;
        return forward(fresh);
      }
      const window = Buffer.concat([seen, fresh]);
      const hit = nextHit(window, rules, from0);
      if (hit !== null) {
        hit.rule.done = true;
        // Positions in `fresh`; a match may begin in what is forwarded already.
        const start = Math.max(0, hit.start - seen.length);
        const end = Math.max(0, hit.end - seen.length);
        const { when } = hit.rule;
        if (when === 'before') return forward(fresh.subarray(0, start), () => strike(hit.rule, fresh.subarray(start)));
        if (when === 'after') return forward(fresh, () => strike(hit.rule, Buffer.alloc(0)));
        const stop = end + when.afterBytes;
        if (fresh.length >= stop) return forward(fresh.subarray(0, stop), () => strike(hit.rule, fresh.subarray(stop)));
        countdown = { left: stop - fresh.length, rule: hit.rule };
        return forward(fresh);
      }
      from0 = rules.reduce((latest, rule) => Math.max(latest, lastEnd.get(rule) ?? 0), from0);
      for (const rule of rules) lastEnd.delete(rule);
      const holdFrom = Math.max(seen.length, window.length - maxHold(window, rules));
      held = Buffer.from(window.subarray(holdFrom));
      const pass = Buffer.from(fresh.subarray(0, fresh.length - held.length));
      remember(pass);
      forward(pass);
      if (held.length > 0) timer = setTimeout(flush, HOLD_MS);
    });
    from.on('end', () => {
      clearTimeout(timer);
      if (line.dead || line.stalled) return;
      flush();
      to.end();
    });
  }

  #cut(line: Line, style: CutStyle): void {
    if (style === 'stall') {
      line.stalled = true;
      return;
    }
    line.dead = true;
    for (const socket of [line.client, line.server]) {
      if (style === 'end' && !socket.destroyed) {
        // The reader must go on, or the other side's FIN is never seen.
        socket.resume();
        socket.end(() => setTimeout(() => socket.destroy(), HOLD_MS));
      } else if (!socket.connecting) socket.resetAndDestroy();
      else socket.destroy();
    }
    this.#lines.delete(line);
  }

  #record(line: Line, direction: Direction, bytes: Buffer, forwarded: boolean): void {
    if (bytes.length === 0 || this.#recordLeft <= 0) return;
    this.#recordLeft -= bytes.length;
    const atMs = Date.now() - this.#openedAt;
    this.transcript.push({ connection: line.id, direction, atMs, bytes: Buffer.from(bytes), forwarded });
  }
}

/** Where counting goes on for a rule whose occurrence is still to come, within the window just searched. */
const lastEnd = new WeakMap<Armed, number>();

interface Hit {
  rule: Armed;
  start: number;
  end: number;
}

/** The earliest match that uses up a rule's occurrences. Matches that end at or before `from` have been counted already. */
function nextHit(window: Buffer, rules: readonly Armed[], from: number): Hit | null {
  let best: Hit | null = null;
  const text = window.toString('latin1');
  for (const rule of rules) {
    let at = from;
    while (at <= text.length) {
      const found = find(text, rule.match, at);
      if (found === null) break;
      rule.left--;
      if (rule.left === 0) {
        if (best === null || found.start < best.start) {
          if (best !== null) best.rule.left++;
          best = { rule, ...found };
        } else rule.left++;
        break;
      }
      at = found.end;
      lastEnd.set(rule, at);
    }
  }
  return best;
}

function find(text: string, match: string | RegExp, at: number): { start: number; end: number } | null {
  if (typeof match === 'string') {
    const start = text.indexOf(match, at);
    return start < 0 || match === '' ? null : { start, end: start + match.length };
  }
  const pattern = new RegExp(match.source, match.flags.includes('g') ? match.flags : `${match.flags}g`);
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  return found === null || found[0] === '' ? null : { start: found.index, end: found.index + found[0].length };
}

/** How many last octets of the window may be the beginning of a match: for a RegExp, the line that is not finished. */
function maxHold(window: Buffer, rules: readonly Armed[]): number {
  let hold = 0;
  for (const { match } of rules) {
    if (typeof match !== 'string') {
      hold = Math.max(hold, Math.min(LOOK_BACK, window.length - 1 - window.lastIndexOf(0x0a)));
      continue;
    }
    const needle = Buffer.from(match, 'latin1');
    for (let n = Math.min(needle.length - 1, window.length); n > hold; n--) {
      if (window.subarray(window.length - n).equals(needle.subarray(0, n))) {
        hold = n;
        break;
      }
    }
  }
  return hold;
}
