import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { kindOfName } from './content-kind.js';
import type { Skipped } from './dataset.js';
import { extensionOf } from './extensions.js';
import { type Listed, type Listing, PassedOverCounts } from './listing.js';
import { type Columns, findColumns } from './manifest-columns.js';
import { FileFinder } from './manifest-files.js';
import { contradiction, interner, type LabelledRow, readRow } from './manifest-rows.js';
import { openTable } from './manifest-table.js';
import { counted, printable, shortList } from './printable.js';
import { walk } from './walk.js';

export interface TableOptions {
  /** The column that gives the class; null: the one that is called class, label, … */
  readonly label?: string | null;
  /** The folder that the person named, where it was not the table: what lies in it and no row names is counted. */
  readonly folder?: string;
}

/**
 * The images of a table `file,class[,split][,group][,…]`. Rows whose file is missing, that name no class, or that contradict
 * another are skipped and named with their lines; rows that say the same again are noted. Further columns in which images
 * share values become label levels.
 * @throws UserError where the table is none, lacks a column, has a word for the split that is not understood, or names no
 *   image that there is
 */
export async function listTable(path: string, options: TableOptions = {}): Promise<Listing> {
  const { label = null, folder } = options;
  const skipped: Skipped[] = [];
  const { names, columns, byPath } = await readTable(path, label, skipped);
  const { kept, again } = withoutContradictions(byPath.values(), skipped);
  if (kept.length === 0) throw nothingIn(path, skipped);
  const levels = levelColumns(kept, names, columns);
  const notes = [noteOn(path, names, columns, levels)];
  if (again.length > 0) {
    const lines = shortList(again.map(String), 5);
    notes.push(`${counted(again.length, 'row')} of the table say again what another says: line ${lines}`);
  }
  const passedOver = new PassedOverCounts();
  if (folder !== undefined) await countUnlisted(folder, new Set(byPath.keys()), 'the table does not name', skipped, passedOver);
  return { images: toListed(kept, levels), skipped, passedOver: passedOver.list(), notes };
}

/** The rows of a table by the image they name. */
async function readTable(
  path: string,
  label: string | null,
  skipped: Skipped[],
): Promise<{ names: readonly string[]; columns: Columns; byPath: Map<string, LabelledRow | LabelledRow[]> }> {
  const { columns: names, rows, close } = await openTable(path);
  try {
    const columns = findColumns(names, label, path);
    const context = { columns, finder: new FileFinder(resolve(dirname(path))), table: path, intern: interner() };
    const byPath = new Map<string, LabelledRow | LabelledRow[]>();
    for await (const row of rows) {
      const read = await readRow(row, { ...context, columnCount: names.length });
      if ('reason' in read) skipped.push(read);
      else {
        const before = byPath.get(read.path);
        byPath.set(read.path, before === undefined ? read : [before, read].flat());
      }
    }
    return { names, columns, byPath };
  } finally {
    await close();
  }
}

function withoutContradictions(
  images: Iterable<LabelledRow | LabelledRow[]>,
  skipped: Skipped[],
): { kept: LabelledRow[]; again: number[] } {
  const kept: LabelledRow[] = [];
  const again: number[] = [];
  for (const rows of images) {
    if (!Array.isArray(rows)) {
      kept.push(rows);
      continue;
    }
    const first = rows[0] as LabelledRow;
    const reason = contradiction(rows);
    if (reason !== undefined) skipped.push({ file: first.file, reason });
    else {
      kept.push(first);
      again.push(...rows.slice(1).map((row) => row.line));
    }
  }
  return { kept, again: again.sort((a, b) => a - b) };
}

/** A further column that groups images: on average two or more of them share a value. Names, sizes and dates do not. */
interface Level {
  readonly name: string;
  readonly read: (row: LabelledRow) => string;
}

function levelColumns(rows: readonly LabelledRow[], names: readonly string[], columns: Columns): Level[] {
  const further: Level[] = columns.others.map((place, at) => ({
    name: names[place] as string,
    read: (row) => row.others[at] as string,
  }));
  const levels = further.filter(({ read }) => {
    const values = new Set<string>();
    for (const row of rows) values.add(read(row));
    return values.size <= Math.max(1, rows.length / 2) && !(values.size === 1 && values.has(''));
  });
  return rows.some((row) => row.side !== undefined) ? [...levels, { name: 'retrieval', read: (row) => row.side ?? '' }] : levels;
}

function toListed(rows: readonly LabelledRow[], levels: readonly Level[]): Listed[] {
  // Most rows share their levels with many others: one object for all of them.
  const shared = new Map<string, Readonly<Record<string, string>>>();
  const levelsOf = (row: LabelledRow) => {
    const values = levels.map(({ read }) => read(row));
    const key = values.join('\0');
    const known = shared.get(key);
    if (known !== undefined) return known;
    const named = levels.map(({ name }, at): [string, string] => [name, values[at] as string]);
    const made = Object.fromEntries(named.filter(([, value]) => value !== ''));
    shared.set(key, made);
    return made;
  };
  return rows.map((row) => {
    const { file, className, path, group, part } = row;
    const ofRow = levelsOf(row);
    return {
      file,
      className,
      path,
      ...(group === undefined ? {} : { group }),
      ...(part === undefined ? {} : { part }),
      ...(Object.keys(ofRow).length === 0 ? {} : { levels: ofRow }),
    };
  });
}

function noteOn(path: string, names: readonly string[], columns: Columns, levels: readonly Level[]): string {
  const roles = [
    `class from '${names[columns.class]}'`,
    ...(columns.split === undefined ? [] : [`split from '${names[columns.split]}'`]),
    ...(columns.group === undefined ? [] : [`group from '${names[columns.group]}'`]),
    ...(levels.length === 0 ? [] : [`further levels: ${levels.map(({ name }) => name).join(', ')}`]),
  ];
  return `labels are those of ${printable(basename(path))}: ${printable(roles.join('; '))}`;
}

function nothingIn(path: string, skipped: readonly Skipped[]): UserError {
  return new UserError({
    what: 'the table names no image that there is',
    where: path,
    expected: 'paths relative to the table, or to images/ beside it, or whole ones',
    found:
      skipped
        .slice(0, 3)
        .map(({ file, reason }) => `${printable(file)}: ${reason}`)
        .join('; ') || 'no rows',
  });
}

/** Counts what lies in a folder besides the images that were listed, so that nothing is left out in silence. */
export async function countUnlisted(
  folder: string,
  listed: ReadonlySet<string>,
  why: string,
  skipped: Skipped[],
  passedOver: PassedOverCounts,
): Promise<void> {
  const known = new Set(listed);
  const real = await realpath(folder);
  await walk(folder, (met) => {
    if (met.type === 'clutter') passedOver.add(met.kind, met.file);
    else if (met.type === 'unusable') skipped.push({ file: met.file, reason: met.reason });
    else if (!known.has(resolve(met.path)) && !known.has(resolve(real, met.file))) {
      const extension = extensionOf(met.file);
      if (kindOfName(extension) !== undefined) passedOver.add(`image that ${why}`, met.file);
      else passedOver.add(extension === '' ? 'file without an extension' : `.${extension} file`, met.file);
    }
  });
}
