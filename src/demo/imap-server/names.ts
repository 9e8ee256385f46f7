// Mailbox names on the wire: modified UTF-7 (RFC 3501 5.1.3) and quoted strings. Pure.

/** UTF-8 name to modified UTF-7, for example `[Gmail]/&BBoEPgRABDcEOAQ9BDA-`. */
export function encodeName(name: string): string {
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const octets = Buffer.from(run, 'utf16le').swap16();
    return `&${octets.toString('base64').replace(/=+$/, '').replace(/\//g, ',')}-`;
  });
}

/** Modified UTF-7 to UTF-8. Text that is not valid stays as it is. */
export function decodeName(wire: string): string {
  return wire.replace(/&([A-Za-z0-9+,]*)-/g, (whole, coded: string) => {
    if (coded === '') return '&';
    const octets = Buffer.from(coded.replace(/,/g, '/'), 'base64');
    return octets.length % 2 === 0 ? octets.swap16().toString('utf16le') : whole;
  });
}

/** A quoted string (RFC 3501 9). The text must hold no CR, LF or NUL; those become `?`. */
export function quote(text: string): string {
  return `"${text.replace(/[\r\n\0]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}

/** INBOX in any case is INBOX; every other name is itself (RFC 3501 5.1). */
export function canonicalName(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}
