// Text to plain values and back to line numbers. Every message is ours: the library's own messages and its excerpts of the source
// repeat what stands in the file, and what stands there may be a password written in the wrong way.
// What the values must be is in config-schema.ts.

import {
  type Alias,
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { LineOf, Path, Problem } from './config-problems.ts';

/** The parsed file, or why it could not be read: each syntax problem with its line. */
export type Parsed =
  | { readonly ok: true; readonly value: unknown; readonly lineOf: LineOf }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Aliases may repeat shared settings; a hundred-fold growth through nested aliases is an attack or a mistake. yaml's own default. */
const MAX_ALIAS_COUNT = 100;

/** Nothing in a configuration nests deeper than six; at 200,000 open brackets the parser takes the whole process down (measured). */
const TOO_DEEP = /(?:[[{]\s*){50}/;

/** Later syntax problems mostly follow from the first ones. */
const MAX_SYNTAX_PROBLEMS = 5;

const QUOTE_IT = 'put a text that holds any of : # { } [ ] , & * ! | > % @ ` between single quotes';

const SYNTAX: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) can carry neither an anchor nor a tag',
  BAD_ALIAS: `a bad alias; ${QUOTE_IT}`,
  BAD_COLLECTION_TYPE: 'a tag that does not fit what follows it; leave tags (!name) out',
  BAD_DIRECTIVE: 'a bad directive; a line may not start with %',
  BAD_DQ_ESCAPE: 'a bad escape sequence between double quotes; use single quotes for a text with a backslash',
  BAD_INDENT: 'wrong indentation, or a bracket or quote that is not closed',
  BAD_PROP_ORDER: 'anchors and tags must stand after the indicators - ? and :',
  BAD_SCALAR_START: `a plain text cannot start with this character; ${QUOTE_IT}`,
  BLOCK_AS_IMPLICIT_KEY: `a second "key: value" on one line; start a new line, or ${QUOTE_IT}`,
  BLOCK_IN_FLOW: 'an indented block inside of brackets; write it in brackets as well',
  DUPLICATE_KEY: 'this key stands twice in the same map; remove one',
  IMPOSSIBLE: 'cannot be read as YAML',
  KEY_OVER_1024_CHARS: 'a key of more than 1,024 characters; is a colon or a line break missing?',
  MISSING_CHAR: 'a quote, bracket, comma or space is missing here',
  MULTILINE_IMPLICIT_KEY: 'a key that goes over two lines; is the space after a colon missing?',
  MULTIPLE_ANCHORS: 'two anchors on one value',
  MULTIPLE_DOCS: 'a second YAML document (---); the configuration is one document',
  MULTIPLE_TAGS: 'two tags on one value; leave tags (!name) out',
  NON_STRING_KEY: 'a key must be a plain word',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab used for indentation; use spaces',
  TAG_RESOLVE_FAILED: `an unknown tag (!name); ${QUOTE_IT}`,
  UNEXPECTED_TOKEN: `something unexpected; ${QUOTE_IT}`,
};

/** Parses one YAML 1.2 document with merge keys (`<<`). Never throws. */
export function parseYaml(text: string): Parsed {
  if (TOO_DEEP.test(text)) return { ok: false, problems: [{ path: [], line: 1, text: SYNTAX.RESOURCE_EXHAUSTION }] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    logLevel: 'error',
  });
  const targets = new Map<Alias, Node>();
  const faults = [...document.errors, ...document.warnings].map((error) =>
    fault(lines, error.pos[0], SYNTAX[error.code]),
  );
  if (faults.length === 0) faults.push(...resolveAliases(document, targets, lines));
  if (faults.length > 0) return { ok: false, problems: onePerLine(faults).slice(0, MAX_SYNTAX_PROBLEMS) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    const root = document.contents;
    return { ok: true, value, lineOf: (path) => lines.linePos(offsetOf(root, path, targets)).line || 1 };
  } catch {
    // toJS throws for nothing else once syntax and aliases are known to be good.
    const text = `aliases that hold themselves or multiply more than ${MAX_ALIAS_COUNT} times; write the values out`;
    return { ok: false, problems: [{ path: [], line: 1, text }] };
  }
}

function fault(lines: LineCounter, offset: number, text: string): Problem & { readonly line: number } {
  return { path: [], line: lines.linePos(offset).line || 1, text };
}

/** One mistake makes several errors on its line; the first is the one that helps. */
function onePerLine<T extends { readonly line: number }>(faults: readonly T[]): T[] {
  const seen = new Set<number>();
  return faults.filter(({ line }) => !seen.has(line) && seen.add(line));
}

/** Fills `targets` in one pass (the library's own resolve() walks the document for each alias); returns the dangling ones. */
function resolveAliases(document: Document, targets: Map<Alias, Node>, lines: LineCounter) {
  const anchors = new Map<string, Node>();
  const dangling: ReturnType<typeof fault>[] = [];
  visit(document, (_, node) => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
      else
        dangling.push(
          fault(lines, node.range?.[0] ?? 0, `an alias (*name) without its anchor (&name) above; ${QUOTE_IT}`),
        );
    } else if (isNode(node) && node.anchor !== undefined) {
      anchors.set(node.anchor, node);
    }
  });
  return dangling;
}

/** Where the key (or list item) at the end of the path starts; its nearest parent where it is absent or came by a merge key. */
function offsetOf(root: unknown, path: Path, targets: ReadonlyMap<Alias, Node>): number {
  let node = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const step of path) {
    if (isAlias(node)) node = targets.get(node);
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? item.key.value : item.key) === step);
      if (pair === undefined) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      found = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      found = node.items[step];
      if (!isNode(found)) return offset;
      offset = found.range?.[0] ?? offset;
    } else {
      return offset;
    }
    node = found;
  }
  return offset;
}
