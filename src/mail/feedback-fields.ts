// The fields of a report about a message (RFC 5965 feedback, RFC 8098 disposition): name, colon, value, folded lines, some of them more than
// once. Unlike a message's header they arrive as decoded text, and a missing indent or a stray empty line does not end them.

/** Lines that are read; a report has about twenty, a list of addresses in one some hundreds. */
const MAX_LINES = 2000;

/** Characters of one line, and of one value, that are looked at. */
const MAX_LINE = 2000;

/** Lower-case names with their values in order. */
export type ReportFields = ReadonlyMap<string, readonly string[]>;

export function parseReportFields(text: string): ReportFields {
  const fields = new Map<string, string[]>();
  let values: string[] = [];
  let pos = 0;
  for (let lines = 0; pos <= text.length && lines < MAX_LINES; lines += 1) {
    const lineEnd = text.indexOf('\n', pos);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const line = text.slice(pos, Math.min(end, pos + MAX_LINE)).trimEnd();
    pos = end + 1;
    const isFolded = line.startsWith(' ') || line.startsWith('\t');
    const name = isFolded ? null : /^[!-9;-~]{1,100}(?=[ \t]{0,10}:)/.exec(line);
    if (name !== null) {
      const key = name[0].toLowerCase();
      values = fields.get(key) ?? [];
      fields.set(key, values);
      values.push(line.slice(line.indexOf(':') + 1).trim());
    } else if (isFolded && values.length > 0) {
      const last = values[values.length - 1] ?? '';
      if (last.length < MAX_LINE) values[values.length - 1] = `${last} ${line.trim()}`;
    }
  }
  return fields;
}

/** The first value that is not empty, or null. */
export function firstValue(fields: ReportFields, ...keys: readonly string[]): string | null {
  for (const key of keys) for (const value of fields.get(key) ?? []) if (value !== '') return value;
  return null;
}
