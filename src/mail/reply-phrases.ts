// Searching a text for many phrases in many languages: what makes words comparable, where a phrase may begin and end, and an index by which
// fifteen hundred phrases cost one walk over the text. The phrases are in auto-reply-words.ts and date-words.ts.

/** Lower-case, without accents and typographic variants, one blank between words. Phrases are written as people write and pass through here. */
export function comparable(text: string): string {
  return (
    text
      .normalize('NFKD')
      .toLowerCase()
      // The accents of European letters; the marks of kana and of Arabic stay.
      .replace(/[\u0300-\u036f]+/g, '')
      .normalize('NFC')
      // Turkish, typed with and without the dot.
      .replace(/ı/g, 'i')
      .replace(/[\u2018\u2019\u02bc\u00b4`]/g, "'")
      .replace(/[\u2010-\u2015\u2212]/g, '-')
      .replace(/[\u301c\u223c]/g, '~')
      .replace(/\s+/g, ' ')
  );
}

/** Letters of scripts that put blanks between words. */
const LETTER = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}]/u;

/** Shorter words must end where they end (`cuti` is not in `execution`); longer ones may be declined. */
const MAX_WHOLE_WORD = 6;

/** The first of the phrases that stands in a comparable text, at the beginning of a word; null without. */
export function phraseIn(text: string, phrases: readonly string[]): string | null {
  for (const phrase of phrases) {
    for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
      if (standsAt(text, at, phrase)) return phrase;
    }
  }
  return null;
}

/** Characters by which phrases are found: as many as the shortest phrase has. */
const KEY = 2;

/** Tells which of several lists of phrases speaks in a comparable text; where several do, the first of them. */
export function phraseFinder(
  lists: readonly (readonly string[])[],
): (text: string) => { readonly list: number; readonly phrase: string } | null {
  const index = new Map<string, { list: number; phrase: string }[]>();
  for (const [list, phrases] of lists.entries()) {
    for (const phrase of phrases) {
      const key = phrase.slice(0, KEY);
      const entries = index.get(key);
      if (entries === undefined) index.set(key, [{ list, phrase }]);
      else entries.push({ list, phrase });
    }
  }
  return (text) => {
    let best: { list: number; phrase: string } | null = null;
    for (let at = 0; at < text.length; at += 1) {
      // Within a Latin word nothing begins; this spares most of the look-ups.
      if (at > 0 && isSmallLatin(text.charCodeAt(at)) && isSmallLatin(text.charCodeAt(at - 1))) continue;
      for (const entry of index.get(text.slice(at, at + KEY)) ?? []) {
        if (best !== null && entry.list >= best.list) break;
        if (standsAt(text, at, entry.phrase)) best = entry;
      }
      if (best?.list === 0) return best;
    }
    return best;
  };
}

function isSmallLatin(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function standsAt(text: string, at: number, phrase: string): boolean {
  if (!text.startsWith(phrase, at)) return false;
  if (!LETTER.test(phrase.charAt(0))) return true;
  if (at > 0 && LETTER.test(text.charAt(at - 1))) return false;
  return phrase.length >= MAX_WHOLE_WORD || !LETTER.test(text.charAt(at + phrase.length));
}
