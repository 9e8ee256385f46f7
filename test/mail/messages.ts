// Small builders of mail for the tests of this room.
import { Buffer } from 'node:buffer';

/** Octets from a Latin-1 text: `\xe9` is one octet. */
export function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A message of header lines and a body, with CRLF line ends. */
export function message(header: readonly string[], body = ''): Buffer {
  return octets(`${header.join('\r\n')}\r\n\r\n${body}`);
}

/** The body of a multipart: each part is its header lines, an empty line, its body. */
export function multipart(boundary: string, parts: readonly string[], close = true): string {
  return parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('') + (close ? `--${boundary}--\r\n` : '');
}

/** One part of a multipart. */
export function part(header: readonly string[], body: string): string {
  return `${header.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

/** A multipart/mixed message with boundary `b` around the parts. */
export function mixed(parts: readonly string[]): Buffer {
  return message(['Subject: s', 'Content-Type: multipart/mixed; boundary=b'], multipart('b', parts));
}
