// Small configuration files for tests: each is complete but for the lines under test, so that a message is about those alone.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the notation of the configuration

import { type Config, parseConfig } from '../../src/config.ts';
import { MaildrainError } from '../../src/errors.ts';

/** Stands wherever a person may have put a password; no message may hold it. */
export const CANARY = 'hunter2';

export const ENVIRONMENT = {
  VALUE_WITH_CANARY: CANARY,
  EMPTY: '',
  SLASH: `${CANARY}/x`,
  LINES: 'a\r\nA1 LOGOUT',
  OK: 'ok',
};

/** Keys at the top, before one good mailbox. */
export function top(lines: string): string {
  return `${lines}
mailboxes:
  - name: a
    imap: { host: h.example, user: u, password: { env: P } }
    dispose: keep
`;
}

/** Keys of the one mailbox, from line 5 on, after its name and account. */
export function mailbox(lines: string, name = 'a'): string {
  return `postgres: embedded
mailboxes:
  - name: ${name}
    imap: { host: h.example, user: u, password: { env: P } }
${lines.replace(/^/gm, '    ')}
`;
}

/** The inside of the one mailbox's account, on line 5. */
export function account(inside: string): string {
  return `postgres: embedded
mailboxes:
  - name: a
    dispose: keep
    imap: { ${inside} }
`;
}

export const LOGIN = 'host: h.example, user: u, password: { env: P }';

export function parse(text: string, env: Readonly<Record<string, string>> = ENVIRONMENT): Config {
  return parseConfig(text, { file: 'f.yaml', env, dir: '/etc/maildrain' });
}

/** The message with which a file is refused; throws when it is not. */
export function refusal(text: string, env: Readonly<Record<string, string>> = ENVIRONMENT): string {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof MaildrainError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('the file was accepted');
}
