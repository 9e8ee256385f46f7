// Whose mail a restore puts back: what came from the account that its mailbox is pointed at. A name that was pointed at another account before has stored
// mail of that one too, and one person's mail does not belong into another's mailbox: it is counted and said, and stays where it is.

import { loginOf } from '../config.ts';
import type { Login, MailboxConfig } from '../model.ts';
import type { Criteria } from '../model-admin.ts';
import { allMailboxes } from '../store/mailboxes.ts';
import type { Sql } from '../store/pool.ts';
import { countByOrigin, type Selection, type Stretch } from '../store/stored-mail.ts';

/** Accounts named in one sentence; all are counted. */
const MAX_NAMED = 5;

/** What a restore into this mailbox is about. */
export interface OwnMail extends Selection {
  readonly mailbox: string;
  readonly login: Login;
}

export function ownMail(mailbox: MailboxConfig, criteria: Criteria | null): OwnMail {
  return { mailbox: mailbox.name, login: loginOf(mailbox), criteria };
}

/** Mail of the same name that came from another account. */
export interface OtherAccount {
  readonly login: Login;
  readonly messages: number;
}

/** Matching mail that is left out because of its account; most first. */
export async function otherAccounts(sql: Sql, own: OwnMail, stretch: Stretch): Promise<OtherAccount[]> {
  // Counting looks at all messages, and hardly any name was ever pointed at another account.
  if (!(await allMailboxes(sql)).some(({ name, login }) => name === own.mailbox && login !== own.login)) return [];
  const origins = await countByOrigin(sql, { ...own, login: undefined }, stretch);
  return origins
    .filter(({ login }) => login !== own.login)
    .map(({ login, messages }) => ({ login, messages }))
    .sort((a, b) => b.messages - a.messages || (a.login < b.login ? -1 : 1));
}

/** What is said of them; null: there are none. */
export function otherAccountsNote(
  { mailbox, login }: Pick<OwnMail, 'mailbox' | 'login'>,
  others: readonly OtherAccount[],
): string | null {
  if (others.length === 0) return null;
  const named = others
    .slice(0, MAX_NAMED)
    .map((other) => `${other.messages.toLocaleString('en-US')} from ${other.login}`);
  const more = others.length > MAX_NAMED ? ' and others' : '';
  return `not put back, for "${mailbox}" was another account when they came and is ${login} now: ${named.join(', ')}${more}. To put them back there, point the name at that account again; "maildrain export --mailbox ${mailbox}" writes them out`;
}
