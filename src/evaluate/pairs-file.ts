import { parse } from 'csv-parse/sync';
import { type Fault, UserError } from '../errors.js';

/** A pair as a file names it. */
export interface NamedPair {
  /** Paths inside the data set, as written; an LFW name has no ending: `Aaron_Peirsol/Aaron_Peirsol_0001`. */
  readonly first: string;
  readonly second: string;
  readonly same: boolean;
  /** From 0; undefined where the file has no folds. */
  readonly fold: number | undefined;
  /** Where it stands in the file. */
  readonly line: number;
}

/** Problems that are listed one by one; the rest is counted. */
const LISTED = 10;

/**
 * Reads a list of pairs, in one of two forms that are told apart by the first line.
 *
 * - LFW's published `pairs.txt`: `folds⇥n`, then for each fold n lines `name⇥i⇥j` (the same person) and n lines
 *   `name⇥i⇥other⇥j`. A first line with one number n is one set of 2n pairs, as in `pairsDevTest.txt`. Image i of a name is
 *   `name/name_000i` (http://vis-www.cs.umass.edu/lfw/README.txt).
 * - CSV with a header: `a,b,same[,fold]`, `same` being 1, 0, true, false, yes or no.
 *
 * @param file how it is named in faults
 * @throws UserError that lists every line that cannot be read
 */
export function parsePairs(text: string, file: string): NamedPair[] {
  const clean = text.replace(/^\uFEFF/, '');
  const head = (clean.split(/\r?\n/, 1)[0] ?? '').trim();
  if (head === '') throw new UserError({ what: 'the list of pairs is empty', where: file, expected: FORMS });
  return /^\d+(\s+\d+)?$/.test(head) ? parseLfw(clean, file) : parseCsv(clean, file);
}

const FORMS = "LFW's pairs.txt, or CSV with the columns a,b,same[,fold]";

function parseLfw(text: string, file: string): NamedPair[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const [first = 0, second] = (lines[0] as string).split(/\s+/).map(Number);
  const [folds, count] = second === undefined ? [1, first] : [first, second];
  const faults: Fault[] = [];
  const pairs: NamedPair[] = [];
  const body = lines.map((words, index) => ({ words, line: index + 1 })).filter(({ words, line }) => line > 1 && words !== '');
  body.forEach(({ words, line }, place) => {
    // Names hold no tabs; where a copy lost them, they hold no spaces either.
    const fields = (words.includes('\t') ? words.split('\t') : words.split(/\s+/)).map((field) => field.trim());
    const image = (name: string, number: string) => `${name}/${name}_${number.padStart(4, '0')}`;
    const fold = second === undefined ? undefined : Math.floor(place / (2 * count));
    const [a = '', i = '', b = '', j = ''] = fields;
    if (fields.length === 3 && /^\d+$/.test(i) && /^\d+$/.test(b)) {
      pairs.push({ first: image(a, i), second: image(a, b), same: true, fold, line });
    } else if (fields.length === 4 && /^\d+$/.test(i) && /^\d+$/.test(j)) {
      pairs.push({ first: image(a, i), second: image(b, j), same: false, fold, line });
    } else {
      faults.push({ what: 'not a pair', where: `${file}:${line}`, expected: 'name, i, j; or name, i, other, j', found: words });
    }
  });
  if (faults.length === 0 && pairs.length !== 2 * folds * count) {
    faults.push({
      what: 'the first line promises another number of pairs',
      where: `${file}:1`,
      expected: `${2 * folds * count} pairs: ${folds} folds of ${count} and ${count}`,
      found: `${pairs.length}`,
    });
  }
  refuse(faults);
  return pairs;
}

const ANSWERS: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['yes', true],
  ['0', false],
  ['false', false],
  ['no', false],
]);

function parseCsv(text: string, file: string): NamedPair[] {
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    rows = parse(text, { columns: true, trim: true, skip_empty_lines: true, info: true }) as unknown as typeof rows;
  } catch (error) {
    throw new UserError({ what: `not CSV: ${error instanceof Error ? error.message : error}`, where: file, expected: FORMS });
  }
  const columns = Object.keys(rows[0]?.record ?? {});
  const missing = ['a', 'b', 'same'].filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new UserError({
      what: `the list of pairs has no column ${missing.map((column) => `'${column}'`).join(', ')}`,
      where: `${file}:1`,
      expected: FORMS,
      found: columns.length > 0 ? columns.join(',') : 'no line below the header',
    });
  }
  const faults: Fault[] = [];
  const pairs = rows.map(({ record, info }) => {
    const at = `${file}:${info.lines}`;
    const same = ANSWERS.get((record.same ?? '').toLowerCase());
    if (same === undefined)
      faults.push({
        what: "'same' has a wrong value",
        where: at,
        expected: '1, 0, true, false, yes, no',
        found: record.same ?? '',
      });
    for (const key of ['a', 'b'])
      if ((record[key] ?? '') === '') faults.push({ what: `'${key}' is empty`, where: at, expected: 'the path of an image' });
    const fold = record.fold === undefined || record.fold === '' ? undefined : Number(record.fold);
    if (fold !== undefined && !Number.isInteger(fold))
      faults.push({ what: "'fold' is no whole number", where: at, found: record.fold as string });
    return { first: record.a as string, second: record.b as string, same: same === true, fold, line: info.lines };
  });
  refuse(faults);
  return pairs;
}

/** Pairs by the index of their images among `files`, with a fold for each. */
export interface ResolvedPairs {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly same: Uint8Array;
  /** Where the file has none, the pairs of each kind are dealt to ten folds in turn. */
  readonly fold: Int32Array;
}

/**
 * Finds the images of pairs among the data set's files: by the whole path, else by the path without its ending.
 *
 * @throws UserError that names the images that are not there
 */
export function resolvePairs(pairs: readonly NamedPair[], files: readonly string[], file: string): ResolvedPairs {
  const byPath = new Map(files.map((path, index) => [path, index]));
  const byStem = new Map(files.map((path, index) => [path.replace(/\.[^./]+$/, ''), index]));
  const missing: Fault[] = [];
  const find = (path: string, line: number) => {
    const clean = path.replaceAll('\\', '/').replace(/^\.\//, '');
    const index = byPath.get(clean) ?? byStem.get(clean);
    if (index === undefined) missing.push({ what: `'${path}' is no image of the data set`, where: `${file}:${line}` });
    return index ?? -1;
  };
  const first = Int32Array.from(pairs, (pair) => find(pair.first, pair.line));
  const second = Int32Array.from(pairs, (pair) => find(pair.second, pair.line));
  if (missing.length > 0 && files.length > 0) missing[0] = { ...(missing[0] as Fault), expected: `a path such as ${files[0]}` };
  refuse(missing);
  const dealt = [0, 0];
  const fold = Int32Array.from(pairs, (pair) => pair.fold ?? (dealt[Number(pair.same)] as number)++ % 10);
  return { first, second, same: Uint8Array.from(pairs, (pair) => Number(pair.same)), fold };
}

function refuse(faults: readonly Fault[]): void {
  const [first, ...rest] = faults.slice(0, LISTED);
  if (first === undefined) return;
  const more = faults.length - LISTED;
  throw new UserError(first, ...rest, ...(more > 0 ? [{ what: `and ${more} more like these` }] : []));
}
