/** The table of docs/backbones.md, of the cells that tests have filled (cells.json). */
import { type Cell, type Column, cellAt } from './cells.js';
import { hasGolden, isGraph, type Row, rows } from './rows.js';

export const TITLES = ['family', 'format', 'network', 'file', 'forward', 'gradient', 'until', 'train', 'export'] as const;

/** Why a cell holds less than a check of every network, by its mark. */
const NOTES = {
  '¹': 'The others have no golden: the same functions give the names of their tensors, and the publisher’s code was not run on them.',
  '²':
    'Stages of a graph go by resolution. Where one branch of a block halves the map before another does, this many convolutions of the next stage ' +
    'stand before the last one of a stage, and freeze with it; `until` takes a layer’s name too.',
} as const;
type Mark = keyof typeof NOTES;

/** What the table shows where a test has yet to run, or has failed. */
export const NOT_RUN = '**not run**';

/** 3.2e-7 as 3·10⁻⁷. */
export function power(text: string): string {
  const [, digits = '', exponent = ''] = /^(\d(?:\.\d)?)e([+-]\d+)$/.exec(text) ?? [];
  if (Number(digits) === 0) return '0';
  const rounded = Math.round(Number(digits));
  const at = rounded === 10 ? Number(exponent) + 1 : Number(exponent);
  return `${rounded === 10 ? 1 : rounded}·10${[...String(at)].map((sign) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(sign)]).join('')}`;
}

/** The largest of several numbers, and how many there are where there could be more. */
function largest(found: readonly string[], of: number, mark: Mark | ''): string {
  const most = found.reduce((a, b) => (Number(a) >= Number(b) ? a : b));
  return found.length === of ? power(most) : `${power(most)}, ${found.length} of ${of}${mark}`;
}

function publisherCell(row: Row, column: Column, cells: ReadonlyMap<string, Cell>): string {
  const { format, keys, smallest } = row;
  const at = (key: string) => cellAt(cells, { format, key, column });
  const all = (wanted: readonly string[]) => {
    const found = wanted.flatMap((key) => at(key) ?? []);
    return found.length === wanted.length ? found : null;
  };
  switch (column) {
    case 'file':
    case 'train':
      return at(smallest) ?? NOT_RUN;
    case 'forward':
    case 'gradient': {
      const compared = keys.filter(hasGolden);
      const found = all(compared);
      return found === null ? NOT_RUN : largest(found, keys.length, '¹');
    }
    case 'until':
    case 'export': {
      const found = all(keys);
      if (found === null) return NOT_RUN;
      return column === 'until' ? `${found[0]} stages` : largest(found, keys.length, '');
    }
  }
}

function graphCell({ format, smallest: key }: Row, column: Column, cells: ReadonlyMap<string, Cell>): string {
  const found = cellAt(cells, { format, key, column });
  if (found === undefined) return NOT_RUN;
  switch (column) {
    case 'file':
      return `by ${found}`;
    case 'forward':
    case 'export':
      return power(found);
    case 'gradient': {
      const [off = '', kernels = '0/0'] = found.split(' ');
      return `${power(off)} (${kernels.replace('/', ' of ')})`;
    }
    case 'until': {
      const [stages, early] = found.split(' + ');
      return early === undefined ? `${stages} stages` : `${stages} stages + ${early}²`;
    }
    case 'train':
      return found;
  }
}

/** The rows of the table, and the notes that they point at. */
export function table(cells: ReadonlyMap<string, Cell>): { rows: string[][]; notes: string[] } {
  const lines = rows.map((row) => {
    const cell = (column: Column) => (isGraph(row.format) ? graphCell : publisherCell)(row, column, cells);
    const name = `\`${row.smallest.slice(0, row.smallest.lastIndexOf('.'))}\``;
    return [
      row.family.name,
      row.format,
      row.keys.length > 1 ? `${name} of ${row.keys.length}` : name,
      ...(['file', 'forward', 'gradient', 'until', 'train', 'export'] as const).map(cell),
    ];
  });
  const used = lines.flat().join();
  return {
    rows: lines,
    notes: Object.entries(NOTES).flatMap(([mark, note]) => (used.includes(mark) ? [`${mark} ${note}`] : [])),
  };
}

/** What stands between the marks in docs/backbones.md. */
export function section(cells: ReadonlyMap<string, Cell>): string {
  const { rows: lines, notes } = table(cells);
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return ['', line(TITLES), line(TITLES.map(() => '---')), ...lines.map(line), '', ...notes.flatMap((note) => [note, ''])].join(
    '\n',
  );
}
