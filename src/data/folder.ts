import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { type Progress, silent } from '../progress.js';
import { kindOfName } from './content-kind.js';
import { readContents } from './contents.js';
import type { Dataset, Skipped } from './dataset.js';
import { extensionOf } from './extensions.js';
import { judgeFile, type Listed, type Listing, PassedOverCounts } from './listing.js';
import { printable, shortList } from './printable.js';
import { walk } from './walk.js';

/** A file that may be an image. */
interface FoundFile {
  readonly file: string;
  readonly path: string;
}

const layout = 'one folder a class, with its images in it: cat/1.jpg, cat/2.jpg, dog/1.jpg, …';

/**
 * Reads a tree `class/image.jpg`: the first folder is the class, folders below it are allowed, links are followed. Pictures
 * that cannot be used are listed as skipped, with the reason; hidden files and those that are no images are counted by kind.
 * Whether a file decodes is found out when its pixels are cached.
 * @throws UserError when the folder is absent or holds fewer than two classes
 */
export async function scanFolder(folder: string, options: { name?: string; progress?: Progress } = {}): Promise<Dataset> {
  const dataset = await scanImages(folder, { ...options, classesOnly: true });
  checkClasses(dataset, folder);
  return dataset;
}

/**
 * Every image below a folder, in class folders or not: what lies in no folder has the class ''. With `classesOnly` such files
 * are skipped and listed.
 */
export async function scanImages(
  folder: string,
  options: { name?: string; progress?: Progress; classesOnly?: boolean } = {},
): Promise<Dataset> {
  const { name = basename(resolve(folder)), progress = silent, classesOnly = false } = options;
  return readContents(name, resolve(folder), await listFolder(folder, { classesOnly }), { progress });
}

/** Refuses a set in which nothing can be told apart. Asked again once it is known which images decode. */
export function checkClasses(dataset: Dataset, folder?: string): void {
  if (dataset.classes.length >= 2) return;
  const where = folder === undefined ? {} : { where: folder };
  const why = dataset.skipped
    .slice(0, 5)
    .map(({ file, reason }) => `${printable(file)}: ${reason}`)
    .join('; ');
  throw new UserError({
    ...where,
    what: dataset.classes.length === 0 ? 'no readable image lies in a class folder here' : 'only one class has images',
    expected: layout,
    found:
      dataset.classes.length === 0
        ? why || 'no images at all'
        : `${printable(dataset.classes[0] as string)} with ${dataset.samples.length} images`,
    mend: 'put the images of each class into a folder of its own, or name a table of them (file,class)',
  });
}

/**
 * The images of class folders, without reading those whose name says what they are. Names of classes are brought to
 * Unicode's composed form: an archive from a Mac spells `é` otherwise, and two folders that look the same are one class.
 * @throws UserError when the folder is absent
 */
export async function listFolder(folder: string, options: { classesOnly?: boolean } = {}): Promise<Listing> {
  await checkFolder(folder);
  const images: Listed[] = [];
  const skipped: Skipped[] = [];
  const passedOver = new PassedOverCounts();
  const spellings = new Map<string, Set<string>>();
  const addImage = ({ file, path }: FoundFile) => {
    const slash = file.indexOf('/');
    if (slash < 0 && options.classesOnly) skipped.push({ file, reason: 'lies in no class folder' });
    else images.push({ file, className: classNamed(slash < 0 ? '' : file.slice(0, slash), spellings), path });
  };
  const doubtful: FoundFile[] = [];
  await walk(folder, (met) => {
    if (met.type === 'clutter') passedOver.add(met.kind, met.file);
    else if (met.type === 'unusable') skipped.push({ file: met.file, reason: met.reason });
    else if (kindOfName(extensionOf(met.file)) !== undefined) addImage(met);
    else doubtful.push(met);
  });
  for (const found of doubtful) {
    const verdict = await judgeFile(found.path, found.file);
    if (verdict.is === 'image') addImage(found);
    else if (verdict.is === 'skipped') skipped.push({ file: found.file, reason: verdict.reason });
    else passedOver.add(verdict.kind, found.file);
  }
  return { images, skipped, passedOver: passedOver.list(), notes: notesOn(spellings) };
}

function classNamed(spelt: string, spellings: Map<string, Set<string>>): string {
  const name = spelt.normalize('NFC');
  const known = spellings.get(name);
  if (known === undefined) spellings.set(name, new Set([spelt]));
  else known.add(spelt);
  return name;
}

/** Classes that were put together, and classes that a person might take for one. */
export function notesOn(spellings: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const notes: string[] = [];
  const twins = [...spellings].filter(([, spelt]) => spelt.size > 1).map(([name]) => name);
  if (twins.length > 0) notes.push(`taken as one class although Unicode spells it in two ways: ${shortList(twins, 5)}`);
  const alike = new Map<string, string[]>();
  for (const name of spellings.keys()) {
    const key = name.trim().toLowerCase();
    alike.set(key, [...(alike.get(key) ?? []), name]);
  }
  const pairs = [...alike.values()]
    .filter((names) => names.length > 1)
    .map((names) => names.map((name) => `'${name}'`).join(' = '));
  if (pairs.length > 0) notes.push(`classes that differ in capitals or spaces only, and are kept apart: ${shortList(pairs, 5)}`);
  return notes;
}

async function checkFolder(folder: string): Promise<void> {
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return;
  throw new UserError({
    what: info === undefined ? 'the folder of images does not exist' : 'this is a file, not a folder of images',
    where: folder,
    expected: layout,
  });
}
