// CSV that a spreadsheet may open (RFC 4180). What is in it comes from strangers: a cell that begins like a formula would be executed by the program
// that a person opens the file with.

/**
 * OWASP, "CSV Injection": what Excel, LibreOffice and Google Sheets take for the beginning of a formula, also behind a tab, a carriage return or a line
 * feed, and in the full-width forms of East Asian keyboards.
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** One record with its end. A cell that begins like a formula gets an apostrophe in front, which spreadsheets take for "this is text". */
export function csvLine(cells: readonly (string | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | null): string {
  const text = value ?? '';
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
