import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { type Progress, silent } from '../progress.js';
import { createDataset, type Dataset, type Skipped } from './dataset.js';
import { readableExtensions, reasonOf, unreadableExtensions } from './decode.js';
import { mapInOrder } from './parallel.js';

const layout = 'one folder a class, with its images in it: cat/1.jpg, cat/2.jpg, dog/1.jpg, …';

/** An image found on disk. */
interface Found {
  readonly file: string;
  readonly className: string;
  readonly path: string;
}

/**
 * Reads a tree `class/image.jpg`: the first folder is the class, folders below it are allowed, links are followed, hidden
 * files and other kinds of files are passed over. Pictures that cannot be used are listed as skipped, with the reason; that
 * a file decodes is found out when its pixels are cached.
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
  await checkFolder(folder);
  const skipped: Skipped[] = [];
  const found = await findImages(folder, skipped, classesOnly);
  const bar = progress.bar(`reading ${name}`, found.length, 'images');
  const images: (Found & { sha256: string })[] = [];
  const hashed = mapInOrder(found, 8, async (image) => {
    try {
      const bytes = await readFile(image.path);
      return bytes.length === 0 ? { reason: 'the file is empty' } : { sha256: createHash('sha256').update(bytes).digest('hex') };
    } catch (error) {
      return { reason: reasonOf(error) };
    }
  });
  let at = 0;
  for await (const result of hashed) {
    const image = found[at++] as Found;
    if (result.sha256 === undefined) skipped.push({ file: image.file, reason: result.reason });
    else images.push({ ...image, sha256: result.sha256 });
    bar.advance(1);
  }
  bar.done();
  return createDataset(name, images, skipped);
}

/** Refuses a set in which nothing can be told apart. Asked again once it is known which images decode. */
export function checkClasses(dataset: Dataset, folder?: string): void {
  if (dataset.classes.length >= 2) return;
  const where = folder === undefined ? {} : { where: folder };
  const why = dataset.skipped
    .slice(0, 5)
    .map(({ file, reason }) => `${file}: ${reason}`)
    .join('; ');
  throw new UserError({
    ...where,
    what: dataset.classes.length === 0 ? 'no readable image lies in a class folder here' : 'only one class has images',
    expected: layout,
    found:
      dataset.classes.length === 0 ? why || 'no images at all' : `${dataset.classes[0]} with ${dataset.samples.length} images`,
    mend: 'put the images of each class into a folder of its own',
  });
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

async function findImages(root: string, skipped: Skipped[], classesOnly: boolean): Promise<Found[]> {
  const found: Found[] = [];

  // `above` holds the real paths of the folders that lead here, so that a link to one of them does not turn for ever.
  async function walk(folder: string, parts: readonly string[], above: ReadonlySet<string>): Promise<void> {
    const real = await realpath(folder);
    if (above.has(real)) return;
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = join(folder, entry.name);
      const names = [...parts, entry.name];
      const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
      if (kind === undefined) skipped.push({ file: names.join('/'), reason: 'a link that leads nowhere' });
      else if (kind.isDirectory()) await walk(path, names, new Set([...above, real]));
      else if (kind.isFile()) addFile(path, names);
    }
  }

  function addFile(path: string, names: readonly string[]): void {
    const file = names.join('/');
    const extension = extname(path).slice(1).toLowerCase();
    if (unreadableExtensions.has(extension)) {
      skipped.push({ file, reason: `.${extension} cannot be decoded here: convert it to JPEG or PNG` });
    } else if (readableExtensions.has(extension)) {
      if (names.length === 1 && classesOnly) skipped.push({ file, reason: 'lies in no class folder' });
      else found.push({ file, className: names.length === 1 ? '' : (names[0] as string), path });
    }
  }

  await walk(root, [], new Set());
  return found;
}
