import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { type Progress, silent } from '../progress.js';
import type { ContentOptions } from './content-cache.js';
import { readContents } from './contents.js';
import type { Dataset } from './dataset.js';
import { checkClasses, listFolder } from './folder.js';
import { cars } from './layouts/cars.js';
import { cub } from './layouts/cub.js';
import { inShop } from './layouts/in-shop.js';
import { market1501 } from './layouts/market-1501.js';
import { type PublishedLayout, readPublished } from './layouts/published.js';
import { sop } from './layouts/sop.js';
import type { Listing } from './listing.js';
import { listTable } from './manifest.js';
import { isTableName } from './manifest-table.js';
import { printable } from './printable.js';

/** How a person's images say what they show. `auto`: it is recognised. */
export type LayoutName = 'auto' | 'folders' | 'manifest' | 'cub' | 'cars' | 'sop' | 'in-shop' | 'market-1501';

export interface OpenOptions extends ContentOptions {
  readonly layout?: LayoutName;
  /** The column of a table, or the level of a published set, that gives the class; null: the usual one. */
  readonly label?: string | null;
  readonly name?: string;
  readonly progress?: Progress;
}

const published: readonly PublishedLayout[] = [cub, cars, sop, inShop, market1501];

/** Tables that people put beside their images, the likeliest first. */
const usualTables = ['manifest', 'labels', 'metadata', 'annotations', 'dataset', 'index', 'images', 'splits'];

/**
 * A person's labelled images: class folders, a table (`labels.csv`, or any that is named), or the download of a published
 * set, recognised by its own files.
 * @throws UserError where the path is absent, the layout is not the one that was named, or fewer than two classes are found
 */
export async function openLabelled(path: string, options: OpenOptions = {}): Promise<Dataset> {
  const { progress = silent, name = nameOf(path) } = options;
  const listing = await listLabelled(path, options);
  const dataset = await readContents(name, resolve(path), listing, { ...options, progress });
  checkClasses(dataset, path);
  return dataset;
}

/** What `openLabelled` would read, before any image is: enough to count classes. */
export async function listLabelled(path: string, options: Pick<OpenOptions, 'layout' | 'label'> = {}): Promise<Listing> {
  const { layout = 'auto', label = null } = options;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    throw new UserError({
      what: 'the folder of images does not exist',
      where: path,
      expected: 'a folder with one folder of images a class, or a table file,class (.csv, .tsv, .jsonl)',
    });
  }
  if (!info.isDirectory()) return listTableFile(path, layout, label);
  switch (layout) {
    case 'folders':
      refuseLabel(label, path);
      return listFolder(path, { classesOnly: true });
    case 'manifest':
      return listTable(await onlyTable(path), { label, folder: path });
    case 'auto':
      return listRecognised(path, label);
    case 'cub':
    case 'cars':
    case 'sop':
    case 'in-shop':
    case 'market-1501': {
      const wanted = published.find((one) => one.name === layout) as PublishedLayout;
      const root = await rootOf(wanted, path);
      if (root !== undefined) return readPublished(wanted, root, path, label);
      throw new UserError({
        what: `this is no download of ${wanted.title}`,
        where: path,
        expected: wanted.files,
        mend: 'set data.layout to auto, or name the folder that holds these files',
      });
    }
  }
}

function listTableFile(path: string, layout: LayoutName, label: string | null): Promise<Listing> {
  const isTable = isTableName(path);
  if (isTable && (layout === 'auto' || layout === 'manifest')) return listTable(path, { label });
  throw new UserError({
    what: isTable ? `a table is given where data.layout is ${layout}` : 'this is a file, not a folder of images',
    where: path,
    expected: 'a folder of images, or a table of them: .csv, .tsv, .jsonl or .ndjson',
    ...(isTable ? { mend: 'set data.layout to manifest or auto' } : {}),
  });
}

/** A published set by its own files, else a table whose columns fit, else class folders. */
async function listRecognised(path: string, label: string | null): Promise<Listing> {
  for (const layout of published) {
    const root = await rootOf(layout, path);
    if (root !== undefined) return readPublished(layout, root, path, label);
  }
  const tables = await tablesIn(path);
  const notes: string[] = [];
  let failure: unknown;
  for (const table of tables) {
    try {
      const listing = await listTable(join(path, table), { label, folder: path });
      const others = tables.filter((other) => other !== table && !notes.some((note) => note.includes(other)));
      return others.length === 0
        ? listing
        : { ...listing, notes: [...listing.notes, `not read: ${others.map(printable).join(', ')} (name one of them to use it)`] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failure ??= error;
      notes.push(`${printable(table)} was not used: ${error.faults[0]?.what}`);
    }
  }
  // A column that was asked for by name is in a table or nowhere.
  if (label !== null && failure !== undefined) throw failure;
  refuseLabel(label, path);
  const listing = await listFolder(path, { classesOnly: true });
  // Images that lie in no class folder can only be meant by the table: then its fault is the one to tell.
  if (listing.images.length === 0 && failure !== undefined) throw failure;
  return { ...listing, notes: [...notes, ...listing.notes] };
}

async function rootOf(layout: PublishedLayout, path: string): Promise<string | undefined> {
  for (const root of [path, ...layout.folders.map((folder) => join(path, folder))]) {
    if (await layout.recognise(root)) return root;
  }
  return undefined;
}

/** Tables that lie in a folder itself: those with a usual name first, then the others by name. */
async function tablesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && isTableName(entry.name) && !entry.name.startsWith('.'));
  const rank = (name: string) => {
    const place = usualTables.indexOf(basename(name, extname(name)).toLowerCase());
    return place < 0 ? usualTables.length : place;
  };
  return names.map(({ name }) => name).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

async function onlyTable(path: string): Promise<string> {
  const tables = await tablesIn(path);
  if (tables[0] !== undefined) return join(path, tables[0]);
  throw new UserError({
    what: 'no table lies in the folder',
    where: path,
    expected: 'labels.csv (or .tsv, .jsonl) with the columns file,class',
    mend: 'name the table itself: --data path/to/table.csv',
  });
}

function refuseLabel(label: string | null, path: string): void {
  if (label === null) return;
  throw new UserError({
    what: `data.label is '${label}', but class folders have no columns`,
    where: path,
    mend: 'set data.label to null, or name a table of the images with --data',
  });
}

/** The folder's name; of a table its own, unless that says nothing. */
function nameOf(path: string): string {
  const whole = resolve(path);
  if (!isTableName(whole)) return basename(whole);
  const own = basename(whole, extname(whole));
  return usualTables.includes(own.toLowerCase()) ? basename(dirname(whole)) : own;
}
