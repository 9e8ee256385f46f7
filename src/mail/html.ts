// The words of an HTML body, for the text preview and for searching; not a renderer. One pass, no tree, no backtracking, so that
// 100,000 unclosed elements cost what 100,000 closed ones do (html-to-text throws RangeError on both 3,000 nested tables and those).

/** Elements that end a line before and after them. */
const BLOCKS = new Set(
  'address article blockquote br center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section table tr ul'.split(
    ' ',
  ),
);

/** Elements whose content is not text for a reader. */
const HIDDEN = new Map(
  ['script', 'style', 'title', 'template', 'noembed', 'xml'].map((name) => [name, new RegExp(`</${name}`, 'gi')]),
);

/** An element that is not shown. Reports hide nothing; what is hidden in one is somebody else's text, and no recipient of it. */
const NOT_SHOWN = /display\s{0,5}:\s{0,5}none/i;

/** Characters of a tag in which that is looked for. */
const MAX_TAG = 2000;

/** Elements that are hidden whole; others have no end tag, or one that is left out. */
const HIDEABLE = new Set(['div', 'span', 'table', 'section', 'pre', 'font', 'a']);

/** HTML's names of U+00A0 to U+00FF, in order. */
const LATIN_1_NAMES =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml';

const NAMED = new Map<string, string>([
  ...LATIN_1_NAMES.split(' ').map((name, i): [string, string] => [name, String.fromCharCode(0xa0 + i)]),
  ...Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    euro: '€',
    trade: '™',
    hellip: '…',
    bull: '•',
  }),
  ...Object.entries({ ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„' }),
  ...Object.entries({ zwnj: '', zwj: '', ensp: ' ', emsp: ' ', thinsp: ' ', rarr: '→', larr: '←' }),
]);

/** Numeric references 128 to 159 mean windows-1252 (HTML 13.2.5.80). */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * The visible text of `html`, blocks on lines of their own, stopping soon after `limit` characters. Linear in its input for any input.
 */
export function htmlToText(html: string, limit: number): string {
  const out = new Lines();
  const unclosed = new Set<string>();
  let pos = 0;
  while (pos < html.length && out.length <= limit) {
    const open = html.indexOf('<', pos);
    if (open < 0) {
      out.add(html.slice(pos));
      break;
    }
    if (open > pos) out.add(html.slice(pos, open));
    pos = markup(html, open, out, unclosed);
  }
  return out.text();
}

/** Takes the markup that begins with `<` at `open`; answers where text goes on. */
function markup(html: string, open: number, out: Lines, unclosed: Set<string>): number {
  if (html.startsWith('<!--', open)) {
    const end = html.indexOf('-->', open + 4);
    return end < 0 ? html.length : end + 3;
  }
  const tag = /^<[/!?]?([a-z][a-z0-9]{0,15})?/i.exec(html.slice(open, open + 20));
  const name = tag?.[1]?.toLowerCase() ?? '';
  if (tag === null || (tag[0] === '<' && name === '')) {
    out.add('<');
    return open + 1;
  }
  const end = html.indexOf('>', open);
  // An unfinished tag at the cut end of the text. What follows it is no text either, and looking again for '>' would be quadratic.
  if (end < 0) return html.length;
  if (html[open + 1] !== '/' && HIDEABLE.has(name) && NOT_SHOWN.test(html.slice(open, Math.min(end, open + MAX_TAG)))) {
    const shown = endOfElement(html, end + 1, name, unclosed);
    if (shown >= 0) return shown;
  }
  if (name === 'pre') out.preformatted(html[open + 1] !== '/');
  if (BLOCKS.has(name)) out.newLine();
  else if (name === 'td' || name === 'th') out.add(' ');
  const hidden = html[open + 1] === '/' ? undefined : HIDDEN.get(name);
  if (hidden === undefined) return end + 1;
  hidden.lastIndex = end + 1;
  return hidden.exec(html)?.index ?? html.length;
}

/** Behind the end tag of an element; -1 without one, which is noted, for looking for it again would be quadratic. */
function endOfElement(html: string, start: number, name: string, unclosed: Set<string>): number {
  if (unclosed.has(name)) return -1;
  const tags = new RegExp(`<(/?)${name}(?=[\\s/>])[^<>]{0,${MAX_TAG}}>`, 'gi');
  tags.lastIndex = start;
  let depth = 1;
  for (let tag = tags.exec(html); tag !== null; tag = tags.exec(html)) {
    depth += tag[1] === '/' ? -1 : 1;
    if (depth === 0) return tags.lastIndex;
  }
  unclosed.add(name);
  return -1;
}

/** Text being put together: white space collapsed but for the line ends of preformatted text, at most one empty line between paragraphs. */
class Lines {
  length = 0;
  #isPreformatted = false;
  readonly #pieces: string[] = [];
  #breaks = 0;
  #spaced = true;

  /** `<pre>` and `</pre>`: reports put transcripts and whole headers there, which mean nothing on one line. */
  preformatted(on: boolean): void {
    this.#isPreformatted = on;
  }

  add(raw: string): void {
    const lines = this.#isPreformatted ? raw.split('\n') : [raw];
    for (const [index, line] of lines.entries()) {
      // The ends of blocks come in pairs; two line ends in a row are an empty line.
      if (index > 0) this.#breaks += this.#breaks > 0 ? 2 : 1;
      if (index > 0) this.#spaced = true;
      this.#addLine(line);
    }
  }

  #addLine(raw: string): void {
    const text = (raw.includes('&') ? decodeEntities(raw) : raw)
      // Fillers with which newsletters pad their preview line.
      .replace(/(?:\u00ad|\u034f|\u200b|\u200c|\ufeff)+/g, '')
      .replace(/\s+/g, ' ');
    const piece = this.#spaced && text.startsWith(' ') ? text.slice(1) : text;
    if (piece === '') return;
    if (this.#breaks > 0 && this.#pieces.length > 0) this.#push(this.#breaks > 2 ? '\n\n' : '\n');
    this.#breaks = 0;
    this.#spaced = piece.endsWith(' ');
    this.#push(piece);
  }

  newLine(): void {
    this.#breaks += 1;
    this.#spaced = true;
  }

  text(): string {
    return this.#pieces.join('').replaceAll(' \n', '\n').trim();
  }

  #push(piece: string): void {
    this.#pieces.push(piece);
    this.length += piece.length;
  }
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z][a-z0-9]{1,8}));?/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED.get(name) ?? whole;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
    if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252.charAt(code - 0x80);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\uFFFD';
    return String.fromCodePoint(code);
  });
}
