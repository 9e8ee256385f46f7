// The rows of a binary COPY TO STDOUT (PostgreSQL, "COPY", "Binary Format"), cut out of the pieces in which they arrive. As query results,
// octets would come as hex text of twice the size. The way in is copy.ts.

/** 11-octet signature, 32-bit flags, 32-bit header extension length. */
const HEADER = 19;
/** In place of a number of fields: the end. */
const END = -1;

/** The fields of each row; a null is an empty Buffer. Views of what arrived: good until the next row is asked for, and as long as they are held. */
export async function* copyRows(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let buffer: Buffer = Buffer.alloc(0);
  let skip = HEADER;
  for await (const piece of stream) {
    buffer = buffer.length === 0 ? piece : Buffer.concat([buffer, piece]);
    if (buffer.length < skip) continue;
    buffer = buffer.subarray(skip);
    skip = 0;
    for (;;) {
      const row = rowAt(buffer);
      if (row === null) break;
      buffer = buffer.subarray(row.octets);
      if (row.fields !== null) yield row.fields;
    }
  }
}

/** The row that the buffer begins with; null when it is not all there yet. Without fields: the end of the COPY. */
function rowAt(buffer: Buffer): { readonly fields: Buffer[] | null; readonly octets: number } | null {
  if (buffer.length < 2) return null;
  const count = buffer.readInt16BE(0);
  if (count === END) return { fields: null, octets: 2 };
  const fields: Buffer[] = [];
  let at = 2;
  for (let n = 0; n < count; n++) {
    if (buffer.length < at + 4) return null;
    const length = Math.max(0, buffer.readInt32BE(at));
    at += 4;
    if (buffer.length < at + length) return null;
    fields.push(buffer.subarray(at, at + length));
    at += length;
  }
  return { fields, octets: at };
}
