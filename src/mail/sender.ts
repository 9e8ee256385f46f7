// Whether a message was sent by a machine on its own account, told from its header. A report that stands where only reports stand needs no
// such proof; fields of a report that are found elsewhere do, because people quote and forward bounces when they ask for help.
import { parseAddresses } from './address.ts';
import { type Field, fieldText, findField } from './header.ts';

/** Local parts that mail systems report from, in the spellings of their defaults. */
const SYSTEM =
  /(?:mailer[-_. ]?daemon|post[-_ ]?master|mail[-_. ]?(?:delivery|administrator|system|router|gateway|server)|delivery[-_. ]?(?:system|subsystem|status|notification|failure)|mdaemon|mail(?:er|master)|double-?bounce|bounces?|no-?reply|system[-_ ]?(?:administrator|admin)|microsoft ?exchange|listserv|majordomo)/i;

/** Longest From that is searched. */
const MAX_FROM = 1000;

/** RFC 5321 4.5.5: notifications have an empty return path; RFC 3834 5: machines say so. */
export function isSentByMachine(fields: readonly Field[]): boolean {
  const path = findField(fields, 'return-path');
  if (path !== null && /^<\s*>$/.test(path.raw.slice(0, 100).trim())) return true;
  const auto = findField(fields, 'auto-submitted');
  if (auto !== null && !/^no\b/i.test(auto.raw)) return true;
  if (findField(fields, 'x-failed-recipients') !== null) return true;
  const from = findField(fields, 'from') ?? findField(fields, 'sender') ?? path;
  return (
    from === null || /^\s*(?:<\s*>)?\s*$/.test(from.raw.slice(0, 100)) || isSystem(fieldText(from).slice(0, MAX_FROM))
  );
}

/** By the local part or the name: people work at `mailer.example` and `bounces.example`, too. */
function isSystem(from: string): boolean {
  const authors = parseAddresses(from);
  if (authors.length === 0) return SYSTEM.test(from);
  return authors.some(({ name, address }) => SYSTEM.test(name) || SYSTEM.test(address.split('@', 1)[0] ?? ''));
}
