// What may go into a text field, and how long it may be. Postgres refuses U+0000 in text, and a lone surrogate cannot be written
// as UTF-8; both occur in real mail. Everything the reader says passes through here. Turning octets into text is in decode.ts.

/**
 * Text that Postgres and UTF-8 can hold: U+0000 removed, each lone surrogate replaced by U+FFFD. Everything else is kept,
 * control characters too: who prints it to a terminal must escape it.
 */
export function cleanText(text: string): string {
  const whole = text.includes('\0') ? text.replaceAll('\0', '') : text;
  return whole.toWellFormed();
}

/** The first `limit` UTF-16 units, without half of a surrogate pair at the end. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}

/** One line: runs of white space, which an encoded word can smuggle in, become one space. */
export function oneLine(text: string): string {
  // Most have single spaces only, and replacing each of them by itself is dear.
  return (/[^\S ]| {2}/.test(text) ? text.replace(/\s+/g, ' ') : text).trim();
}

/** A body's text with LF line ends and without white space at either end. */
export function bodyText(text: string): string {
  const lines = text.split('\r\n').join('\n');
  return (lines.includes('\r') ? lines.replaceAll('\r', '\n') : lines).trim();
}

/**
 * Without spaces and tabs at both ends. `String.trim` also removes U+00A0, and in octets read as Latin-1 that is the second octet of
 * a UTF-8 `à`.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}
