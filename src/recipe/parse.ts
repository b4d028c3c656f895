/** YAML text and `--set` options into located values; what cannot be read is a fault for each place. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Fault } from '../errors.js';
import { type Located, locatedAt, merge } from './located.js';

export interface Parsed {
  /** The whole file; an empty mapping where nothing could be read. */
  root: Located;
  faults: Fault[];
}

/** Reads the text of a recipe. `file` is how the file is named in faults. */
export function parseRecipe(text: string, file: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  };
  const faults: Fault[] = document.errors.map((error) => ({
    what: error.code === 'DUPLICATE_KEY' ? 'this key is given twice' : `not YAML: ${firstSentence(error.message)}`,
    where: place(error.pos[0]),
  }));
  const empty: Located = { value: new Map(), where: place(0) };
  if (document.contents === null) return { root: empty, faults };
  const root = located(document.contents, document, place);
  // What the parser guessed behind a broken place would only give false faults; the base is read all the same.
  const broken = document.errors.some((error) => error.code !== 'DUPLICATE_KEY');
  const base = root.value instanceof Map ? root.value.get('extends') : undefined;
  if (broken) return { root: { ...empty, value: new Map(base === undefined ? [] : [['extends', base]]) }, faults };
  if (!(root.value instanceof Map)) {
    return {
      root: empty,
      faults: [{ what: 'a recipe is a mapping of keys to values', where: root.where, found: JSON.stringify(root.value) }],
    };
  }
  return { root, faults };
}

/** Reads `--set key.path=value` options (values are YAML), later ones upon earlier ones. */
export function parseSets(sets: readonly string[]): Parsed {
  let root: Located = { value: new Map(), where: '--set' };
  const faults: Fault[] = [];
  for (const set of sets) {
    const equals = set.indexOf('=');
    const path = set.slice(0, Math.max(0, equals)).trim().split('.');
    if (equals < 1 || path.some((key) => key === '')) {
      faults.push({ what: `cannot read '${set}'`, where: '--set', expected: 'key.path=value, for example triplet.margin=0.3' });
      continue;
    }
    const document = parseDocument(set.slice(equals + 1), { prettyErrors: false });
    const where = `--set ${path.join('.')}`;
    if (document.errors.length > 0) {
      faults.push({
        what: `the value is not YAML: ${firstSentence(document.errors[0]?.message ?? '')}`,
        where,
        found: set.slice(equals + 1),
      });
      continue;
    }
    let node = locatedAt(document.toJS() as unknown, where);
    for (const key of path.toReversed()) node = { value: new Map([[key, { ...node, keyWhere: where }]]), where };
    root = merge(root, node);
  }
  return { root, faults };
}

function located(node: Node, document: Document, place: (offset: number | undefined) => string): Located {
  const where = place(node.range?.[0]);
  if (isAlias(node)) {
    const target = node.resolve(document);
    return target === undefined ? { value: null, where } : { ...located(target, document, place), where };
  }
  if (isMap(node)) {
    const entries = node.items.map((pair): [string, Located] => {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const keyWhere = place(key?.range?.[0] ?? node.range?.[0]);
      const value = pair.value === null ? { value: null, where: keyWhere } : located(pair.value as Node, document, place);
      return [String(key?.value ?? pair.key), { ...value, keyWhere }];
    });
    return { value: new Map(entries), where };
  }
  if (isSeq(node)) return { value: node.items.map((item) => located(item as Node, document, place)), where };
  return { value: isScalar(node) ? node.value : null, where };
}

function firstSentence(message: string): string {
  return (message.split('\n')[0] ?? message).replace(/ at line \d+.*$/, '').replace(/:$/, '');
}
