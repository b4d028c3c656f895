import type { PartName, Skipped } from './dataset.js';
import { type Columns, partNamed, retrievalSide } from './manifest-columns.js';
import type { FileFinder } from './manifest-files.js';
import type { Row } from './manifest-table.js';

/** A row that names an image. */
export interface LabelledRow {
  readonly file: string;
  readonly path: string;
  readonly className: string;
  readonly part: PartName | undefined;
  readonly group: string | undefined;
  /** `query` or `gallery`, where the split says so. */
  readonly side: string | undefined;
  /** Cells of the further columns. */
  readonly others: readonly string[];
  readonly line: number;
}

export interface RowContext {
  readonly columnCount: number;
  readonly columns: Columns;
  readonly finder: FileFinder;
  readonly table: string;
  /** One copy of each text, however many rows have it. */
  readonly intern: (text: string) => string;
}

/**
 * What a row says, or why it cannot be used.
 * @throws UserError where its word for the part of the split is not understood: to go on would put images on a wrong side
 */
export async function readRow({ line, values }: Row, context: RowContext): Promise<LabelledRow | Skipped> {
  const { columnCount, columns, finder, table, intern } = context;
  const cell = (place: number | undefined) => (place === undefined ? '' : (values[place] ?? '').trim());
  const written = values[columns.file] ?? '';
  if (written.trim() === '') return { file: `line ${line} of the table`, reason: 'names no file' };
  if (values.length !== columnCount) {
    const quoted = values.length > columnCount ? ' (a comma in a field wants quotes)' : '';
    return { file: written, reason: `line ${line} has ${values.length} fields, the first line ${columnCount}${quoted}` };
  }
  const className = cell(columns.class).normalize('NFC');
  if (className === '') return { file: written, reason: `line ${line} names no class` };
  const word = cell(columns.split);
  const part = partNamed(word, `${table}:${line}`);
  const found = await finder.find(written);
  if (found === undefined) return { file: written, reason: `line ${line} names it, but there is no such file` };
  const group = cell(columns.group);
  return {
    ...found,
    className: intern(className),
    part,
    group: group === '' ? undefined : intern(group),
    side: retrievalSide(word),
    others: columns.others.map((place) => intern(cell(place))),
    line,
  };
}

/** Makes texts that are equal one and the same. */
export function interner(): (text: string) => string {
  const texts = new Map<string, string>();
  return (text) => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    texts.set(text, text);
    return text;
  };
}

/** Why rows that name one image cannot both be right; undefined where they say the same. */
export function contradiction(rows: readonly LabelledRow[]): string | undefined {
  const say = (what: (row: LabelledRow) => string) => {
    const differ = new Set(rows.map(what)).size > 1;
    return differ
      ? `the table contradicts itself: ${rows.map((row) => `line ${row.line} says ${what(row)}`).join(', ')}`
      : undefined;
  };
  return say((row) => row.className) ?? say((row) => row.side ?? row.part ?? 'no part') ?? say((row) => row.group ?? 'no group');
}
