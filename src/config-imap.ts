// The `imap` map of one mailbox: host, login, TLS and where the password comes from. No message shows a key or a value from inside
// of `password`, and of `imap` only keys that resemble ours: whatever else stands there may be a piece of a password.

import type { Values } from './config-field.ts';
import type { Path } from './config-problems.ts';
import { isMap, type Reading, readMap, take } from './config-read.ts';
import { IMAP_FIELDS } from './config-schema.ts';
import { absolute, readSecret } from './config-secret.ts';
import { type Checked, checkHost, type Environment, interpolate, isLoopback } from './config-values.ts';
import type { ImapAccount, Login, MailboxConfig } from './model.ts';

/** RFC 8314 3.3 and 3.2: implicit TLS, and clear text with STARTTLS. */
const PORT_IMPLICIT = 993;
const PORT_STARTTLS = 143;

/** Null when something is wrong, which is then noted. */
export function readImap(value: unknown, path: Path, reading: Reading): ImapAccount | null {
  if (!isMap(value)) {
    const needed = 'a map with host, user and password';
    reading.problems.push({
      path,
      text: value === undefined ? `is missing; it must be ${needed}` : `must be ${needed}`,
    });
    return null;
  }
  const values = readMap(IMAP_FIELDS, value, path, reading, ['password'], 'near');
  const password = readSecret(value.password, [...path, 'password'], reading);
  const at = (key: string) => [...path, key];
  const filledHost =
    values.host === undefined ? undefined : take(interpolate(values.host, reading.env), at('host'), reading);
  const host = filledHost === undefined ? undefined : take(checkHost(filledHost), at('host'), reading);
  const user = values.user === undefined ? undefined : take(checkUser(values.user, reading.env), at('user'), reading);
  const tls = values.tls ?? (values.port === PORT_STARTTLS ? 'starttls' : 'implicit');
  // What follows from a wrong tls would only hide it.
  if (value.tls === undefined || values.tls !== undefined) {
    for (const [key, text] of tlsProblems(values, tls, host)) reading.problems.push({ path: at(key), text });
  }
  if (host === undefined || user === undefined || password === null) return null;
  const port = values.port ?? (tls === 'implicit' ? PORT_IMPLICIT : PORT_STARTTLS);
  const caFile = values.caFile === undefined ? null : absolute(values.caFile, reading.dir);
  return { host, port, user, password, tls, caFile };
}

function checkUser(text: string, env: Environment): Checked<string> {
  const filled = interpolate(text, env);
  // The variable can hold what the table refuses in the file.
  return 'wrong' in filled || IMAP_FIELDS.user.schema.safeParse(filled.value).success
    ? filled
    : { wrong: IMAP_FIELDS.user.wrong };
}

/** RFC 8314: TLS by default; a port that speaks the one kind is not asked for the other; no password in clear text by accident. */
function tlsProblems(
  values: Values<typeof IMAP_FIELDS>,
  tls: ImapAccount['tls'],
  host: string | undefined,
): [string, string][] {
  const problems: [string, string][] = [];
  if (tls === 'implicit' && values.port === PORT_STARTTLS) {
    problems.push([
      'tls',
      'implicit does not work on port 143, which starts in clear text; write starttls, or remove port for 993',
    ]);
  }
  if (tls !== 'implicit' && values.port === PORT_IMPLICIT) {
    problems.push([
      'tls',
      `${tls} does not work on port 993, which speaks TLS from the start; remove tls, or write port: 143`,
    ]);
  }
  if (tls === 'none' && values.insecure !== true && host !== undefined && !isLoopback(host)) {
    problems.push([
      'tls',
      'none would send the password in clear text over the network; write starttls or implicit, or add insecure: true if you accept that',
    ]);
  }
  if (values.insecure === true && values.tls !== 'none') {
    problems.push([
      'insecure',
      'only allows `tls: none`; certificates are always verified (name your own authority with caFile); remove it',
    ]);
  }
  if (tls === 'none' && values.caFile !== undefined) {
    problems.push(['caFile', 'has no meaning with `tls: none`; remove one of them']);
  }
  return problems;
}

/** The account that a mailbox belongs to. The last `@` ends the user, whatever the user holds. */
export function loginOf(mailbox: Pick<MailboxConfig, 'imap'>): Login {
  const { user, host, port } = mailbox.imap;
  return `imap://${user}@${host.includes(':') ? `[${host}]` : host.toLowerCase()}:${port}`;
}
