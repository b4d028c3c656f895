import { readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { UserError, unknownName } from '../../errors.js';
import type { Skipped } from '../dataset.js';
import { type Listed, type Listing, PassedOverCounts } from '../listing.js';
import { countUnlisted } from '../manifest.js';
import { FileFinder } from '../manifest-files.js';

/** What a published list says of one image. */
export interface PublishedImage {
  /** Relative to the set's root. */
  readonly file: string;
  readonly className: string;
  readonly group?: string;
  readonly part?: 'train' | 'heldOut';
  readonly levels?: Readonly<Record<string, string>>;
}

/** What the files of a published set say. */
export interface PublishedList {
  readonly images: readonly PublishedImage[];
  /** Images that the set's own protocol leaves out: file and kind. */
  readonly leftOut?: readonly { readonly file: string; readonly kind: string }[];
  /** What a person should know of how the set was read. */
  readonly note: string;
}

/** A set that is downloaded in a fixed form. */
export interface PublishedLayout {
  readonly name: 'cub' | 'cars' | 'sop' | 'in-shop' | 'market-1501';
  readonly title: string;
  /** The files it is recognised by, for a person. */
  readonly files: string;
  /** Folders that its archive makes: the root may be one of them. */
  readonly folders: readonly string[];
  recognise(root: string): Promise<boolean>;
  read(root: string): Promise<PublishedList>;
}

/**
 * Reads a published set. `label` takes one of its levels as the class; the class is a level then. Listed images that are not
 * there are skipped; those that are there and not listed are counted.
 */
export async function readPublished(
  layout: PublishedLayout,
  root: string,
  given: string,
  label: string | null,
): Promise<Listing> {
  const list = await layout.read(root);
  const finder = new FileFinder(resolve(root));
  const inGiven = relative(resolve(given), resolve(root)).split(sep).join('/');
  const nameOf = (file: string) => (inGiven === '' ? file : `${inGiven}/${file}`);
  const skipped: Skipped[] = [];
  const images: Listed[] = [];
  const met = new Set<string>();
  for (const image of list.images) {
    const path = resolve(root, image.file);
    const file = nameOf(image.file);
    if ((await finder.find(image.file)) === undefined) {
      skipped.push({ file, reason: `${layout.title} lists it, but there is no such file` });
    } else if (!met.has(path)) {
      images.push({ ...relabelled(image, label, given), file, path });
    }
    met.add(path);
  }
  if (images.length === 0) {
    throw new UserError({
      what: `none of the images that ${layout.title} lists is there`,
      where: root,
      expected: layout.files,
      found: skipped[0]?.file ?? 'an empty list',
      mend: 'unpack the images beside the lists',
    });
  }
  const passedOver = new PassedOverCounts();
  for (const { file, kind } of list.leftOut ?? []) {
    passedOver.add(kind, nameOf(file));
    met.add(resolve(root, file));
  }
  await countUnlisted(given, met, 'its list does not name', skipped, passedOver);
  return { images, skipped, passedOver: passedOver.list(), notes: [`recognised as ${layout.title}: ${list.note}`] };
}

function relabelled(image: PublishedImage, label: string | null, where: string): PublishedImage {
  if (label === null || label === 'class') return image;
  const value = image.levels?.[label];
  if (value === undefined) {
    throw new UserError(unknownName(label, ['class', ...Object.keys(image.levels ?? {})], 'label level (data.label)', where));
  }
  return { ...image, className: value, levels: { ...image.levels, class: image.className } };
}

/** Whether all of these files (or folders) are there. */
export async function areThere(root: string, ...names: string[]): Promise<boolean> {
  const found = await Promise.all(
    names.map((name) =>
      stat(join(root, name))
        .then(() => true)
        .catch(() => false),
    ),
  );
  return found.every(Boolean);
}

/** A line of a list: its fields, and where it stands. */
export interface ListLine {
  readonly fields: readonly string[];
  readonly where: string;
}

/**
 * The lines of a list of fields between blanks, the first `skip` left out. The last of `count` fields may hold blanks.
 * @throws UserError where a line has fewer fields
 */
export async function readList(path: string, count: number, skip = 0): Promise<ListLine[]> {
  const text = await readFile(path, 'utf8');
  const lines: ListLine[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (index < skip || line.trim() === '') return;
    const fields = line.trim().split(/\s+/);
    const where = `${path}:${index + 1}`;
    if (fields.length < count) {
      throw new UserError({ what: 'a line of the published list is cut short', where, expected: `${count} fields`, found: line });
    }
    lines.push({ fields: [...fields.slice(0, count - 1), fields.slice(count - 1).join(' ')], where });
  });
  return lines;
}
