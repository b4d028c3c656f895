/**
 * What the tests of the backbones found, cell by cell: cells.json, of which the table of docs/backbones.md is made. With FT_CELLS=record a test
 * writes its cell, and does not run again while what it stands on is the same (FT_CELLS=again: it does).
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { familyOf, variantAndLayout } from './rows.js';

/** The columns of the table: the file, then what the issue asks of each network. */
export const COLUMNS = ['file', 'forward', 'gradient', 'until', 'train', 'export'] as const;
export type Column = (typeof COLUMNS)[number];

/** A cell: `torchvision` or `ONNX`; `resnet18.torchvision`, which is the network and whose weights it has. */
export interface Place {
  readonly format: string;
  readonly key: string;
  readonly column: Column;
}

/** What was found there, in the words of the table, and a hash of what it stands on. */
export interface Cell {
  readonly found: string;
  readonly of: string;
}

const FILE = fileURLToPath(new URL('cells.json', import.meta.url));
/** `record`: what is not there yet; `again`: everything. */
const mode = process.env.FT_CELLS;

const nameOf = ({ format, key, column }: Place) => `${format} | ${key} | ${column}`;

/** All cells, by `FORMAT | KEY | COLUMN`. */
export function readCells(): Map<string, Cell> {
  const stored = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>) : {};
  return new Map(
    Object.entries(stored).map(([name, line]) => {
      const at = line.indexOf(' ');
      return [name, { of: line.slice(0, at), found: line.slice(at + 1) }];
    }),
  );
}

export function cellAt(cells: ReadonlyMap<string, Cell>, place: Place): string | undefined {
  return cells.get(nameOf(place))?.found;
}

/** What a cell stands on: the reference's numbers and the family's own file. Not all of src, of which every commit is another. */
function standsOn(key: string): string {
  const { variant } = variantAndLayout(key);
  const hash = createHash('sha256');
  const root = new URL('../../', import.meta.url);
  for (const path of [`test/golden/backbones/${key}.json`, `src/backbones/families/${familyOf(variant).name}.ts`]) {
    const file = new URL(path, root);
    if (existsSync(file)) hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 10);
}

/** Whether a cell is there and need not be found again. */
export function isFresh(place: Place): boolean {
  return mode === 'record' && readCells().get(nameOf(place))?.of === standsOn(place.key);
}

export function record(place: Place, found: string): void {
  if (mode !== 'record' && mode !== 'again') return;
  const cells = readCells().set(nameOf(place), { found, of: standsOn(place.key) });
  const lines = [...cells].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, cell]) => [name, `${cell.of} ${cell.found}`]);
  writeFileSync(`${FILE}.part`, `${JSON.stringify(Object.fromEntries(lines), null, 2)}\n`);
  renameSync(`${FILE}.part`, FILE);
}
