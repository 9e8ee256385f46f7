// What a program or the command line may ask and change of suppressions. Addresses come in as people write them, and are made identities here; the
// work is in store/suppressions.ts and store/suppression-plan.ts.

import { MaildrainError } from './errors.ts';
import { addressIdentity, domainIdentity } from './mail/identity.ts';
import { cleanText } from './mail/text.ts';
import type { SuppressionPolicy } from './model-pipeline.ts';
import type { Database } from './store/pool.ts';
import { type PlannedChange, planSuppressions } from './store/suppression-plan.ts';
import {
  addSuppressions,
  allSuppressions,
  findSuppression,
  findSuppressions,
  liftExpired,
  listSuppressions,
  type Removed,
  removeSuppressions,
  type Suppression,
  type SuppressionFilter,
} from './store/suppressions.ts';

/** Characters of a note: a sentence and a link. */
const MAX_NOTE = 500;

/** Lifted in one transaction: as many as can be locked one by one, so that storing goes on meanwhile. */
const LIFT_AT_ONCE = 300;

export interface AddSuppressions {
  /** Absent or null: until somebody lifts them. */
  readonly until?: Date | null | undefined;
  /** Why, for people; at most 500 characters. */
  readonly note?: string | null | undefined;
  /** `import` for lists from elsewhere; default `manual`. */
  readonly source?: 'manual' | 'import' | undefined;
}

export interface PlanOptions {
  /** Default: the policy of the configuration. */
  readonly policy?: SuppressionPolicy | undefined;
  /** Told now and then how many addresses have been looked at. */
  readonly onProgress?: ((addresses: number) => void) | undefined;
}

/** Who is written to no more. Addresses may be in any case and in Unicode; what is no address is an error CONFIG_INVALID, and then nothing is done. */
export interface Suppressions {
  /** The suppression of an address that stands now; null: it may be written to. */
  find(address: string): Promise<Suppression | null>;
  /** Those of many addresses, by one question. What is not in the answer may be written to. */
  findMany(addresses: readonly string[]): Promise<Suppression[]>;
  /** In the order of addresses; `after` the last one of a page is the next page. */
  list(filter: SuppressionFilter): Promise<Suppression[]>;
  /** Suppresses addresses, all or none. Returns those that this changed. */
  add(addresses: readonly string[], options?: AddSuppressions): Promise<string[]>;
  /** Lifts suppressions, all or none. What was reported of these addresses before counts no more. */
  remove(addresses: readonly string[]): Promise<Removed>;
  /** What a policy would have made of the reports that are there, where that is not what stands. Changes nothing. */
  plan(options?: PlanOptions): AsyncIterable<PlannedChange>;
  /** All that stand, however many, in the order of addresses. */
  export(): AsyncIterable<Suppression>;
}

export interface SuppressionsContext {
  readonly ready: () => Promise<Database>;
  readonly policy: SuppressionPolicy;
  /** Events were written. */
  readonly wake: () => void;
}

export function suppressionsOf({ ready, policy: configured, wake }: SuppressionsContext): Suppressions {
  return {
    find: async (address) => findSuppression((await ready()).sql, identityOf(address)),
    findMany: async (addresses) => findSuppressions((await ready()).sql, identitiesOf(addresses)),
    list: async (filter) => {
      const { domain, after } = filter;
      return listSuppressions((await ready()).sql, {
        ...filter,
        domain: domain === undefined ? undefined : domainOf(domain),
        after: after === undefined ? undefined : identityOf(after),
      });
    },
    add: async (addresses, { until = null, note = null, source = 'manual' } = {}) => {
      const identities = identitiesOf(addresses);
      const now = new Date();
      if (until !== null && !(until > now)) throw invalid('`until` must be a time to come');
      if (note !== null && note.length > MAX_NOTE) throw invalid(`a note has at most ${MAX_NOTE} characters`);
      const words = note === null ? null : cleanText(note);
      const changed = await addSuppressions(await ready(), identities, { until, note: words, source }, now);
      wake();
      return changed;
    },
    remove: async (addresses) => {
      const identities = identitiesOf(addresses);
      const removed = await removeSuppressions(await ready(), identities, new Date());
      wake();
      return removed;
    },
    plan: async function* ({ policy = configured, onProgress } = {}) {
      yield* planSuppressions((await ready()).sql, policy, new Date(), onProgress);
    },
    export: async function* () {
      yield* allSuppressions((await ready()).sql);
    },
  };
}

/** Lifts all whose time is over. @returns whether there were any */
export async function liftAllExpired(database: Database): Promise<boolean> {
  const now = new Date();
  let found = 0;
  let lifted: number;
  do {
    lifted = await liftExpired(database, now, LIFT_AT_ONCE);
    found += lifted;
  } while (lifted === LIFT_AT_ONCE);
  return found > 0;
}

/** The identity of an address. @throws MaildrainError CONFIG_INVALID */
export function identityOf(address: string): string {
  return identitiesOf([address])[0] ?? '';
}

/** The domain of a filter. @throws MaildrainError CONFIG_INVALID */
export function domainOf(text: string): string {
  const domain = domainIdentity(text);
  if (domain === null) throw invalid('this is not a domain name');
  return domain;
}

/** Addresses are not repeated in messages: these end up in logs. */
function identitiesOf(addresses: readonly string[]): string[] {
  const identities = addresses.map((address) => addressIdentity(address));
  const wrong = identities.flatMap((identity, at) => (identity === null ? [at] : []));
  if (wrong.length > 0)
    throw invalid(
      addresses.length === 1
        ? 'this is not an e-mail address'
        : `${wrong.length} of ${addresses.length} are not e-mail addresses, the first of them at index ${wrong[0]}`,
    );
  return identities.flatMap((identity) => identity ?? []);
}

export function invalid(text: string): MaildrainError {
  return new MaildrainError('CONFIG_INVALID', text);
}
