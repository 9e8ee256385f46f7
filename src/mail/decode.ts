// Octets to text: transfer encodings, character sets, encoded words. Libraries do the decoding (libqp, libbase64, iconv-lite, libmime);
// this file bounds what they are given, catches what they throw, and decides what unlabelled 8-bit text is.
import { Buffer, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { decode as decodeBase64 } from 'libbase64';
import libmime from 'libmime';
import { decode as decodeCharset } from 'libmime/lib/charset';
import { decode as decodeQuotedPrintable } from 'libqp';
import { cut } from './text.ts';

/**
 * Longest header text given to libmime, in characters. 8,192 holds more than 100 encoded words of 75 characters (RFC 2047 2); libmime's
 * expressions are close to linear, measured, but not proven to be.
 */
export const MAX_WORDS = 8192;

/** No charset, or one that promises 7-bit text and is often wrong about it. */
const UNLABELLED = /^(?:|us-ascii|ascii|ansi_x3\.4-1968|7bit|8bit|unknown-8bit|x-unknown|unknown|default|none|binary)$/;

/** WHATWG Encoding 4.2: what calls itself Latin-1 is windows-1252. */
const LATIN_1 = /^(?:iso[-_]?8859-?1|latin-?1|l1|cp819|ibm819)$/;

/** libmime refuses UTF-7, which can smuggle markup past a filter. We render nothing, and real bounces are written in it. */
const UTF_7 = /^(?:unicode-1-1-)?utf-?7$/;

/** The octets that a transfer encoding stands for (RFC 2045 6). An unknown encoding is taken as 8bit. */
export function decodeTransfer(octets: Buffer, encoding: string): Buffer {
  try {
    if (encoding === 'base64') return decodeBase64(octets.toString('latin1'));
    if (encoding === 'quoted-printable') return decodeQuotedPrintable(octets);
  } catch {
    // Neither is known to throw; the octets as they are say more than nothing.
  }
  return octets;
}

/**
 * The text of octets in a charset, as labelled. Unlabelled, ASCII with 8-bit octets in it, and unknown labels: UTF-8 if it is valid,
 * else windows-1252. With `isCut` the octets are the beginning of something longer, and an unfinished UTF-8 character at their end is
 * left out.
 */
export function decodeText(octets: Buffer, charset: string, isCut: boolean): string {
  const label = charset.trim().toLowerCase();
  try {
    if (UTF_7.test(label)) return iconv.decode(octets, 'utf-7');
    if (LATIN_1.test(label)) return decodeCharset(octets, 'windows-1252');
    const whole = isCut ? withoutPartialCharacter(octets) : octets;
    if (UNLABELLED.test(label)) return decodeUnlabelled(whole);
    if (/^utf-?8$/.test(label)) return withoutBom(whole.toString('utf8'));
    const text = withoutBom(decodeCharset(octets, label));
    // For a label it does not know libmime answers UTF-8, with replacement characters when it is not.
    return text.includes('\uFFFD') && !isUtf8(whole) && !isKnown(label) ? decodeUnlabelled(whole) : text;
  } catch {
    return octets.toString('latin1');
  }
}

/** Text without a label: UTF-8 if the octets are valid UTF-8, else windows-1252. */
function decodeUnlabelled(octets: Buffer): string {
  return isUtf8(octets) ? withoutBom(octets.toString('utf8')) : decodeCharset(octets, 'windows-1252');
}

/** Header octets held as a Latin-1 string, as the text they stand for. ASCII comes back as it is. */
export function decodeHeaderOctets(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? decodeUnlabelled(Buffer.from(latin1, 'latin1')) : latin1;
}

/** Encoded words (RFC 2047) decoded; the text is cut to MAX_WORDS characters first. */
export function decodeWords(text: string): string {
  const bounded = cut(text, MAX_WORDS);
  if (!bounded.includes('=?')) return bounded;
  try {
    // libmime marks places with U+0000; none may come from outside.
    return libmime.decodeWords(bounded.replaceAll('\0', ''));
  } catch {
    return bounded;
  }
}

function isKnown(label: string): boolean {
  return label.startsWith('iso-2022') || iconv.encodingExists(label);
}

function withoutBom(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Without the first octets of a UTF-8 character whose rest was cut off. Other charsets are not harmed where it matters: in validity. */
function withoutPartialCharacter(octets: Buffer): Buffer {
  for (let back = 1; back <= 3 && back <= octets.length; back += 1) {
    const octet = octets[octets.length - back] ?? 0;
    if (octet < 0x80) return octets;
    if (octet >= 0xc0) {
      const needs = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2;
      return needs > back ? octets.subarray(0, octets.length - back) : octets;
    }
  }
  return octets;
}
