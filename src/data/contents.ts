import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { silent } from '../progress.js';
import { type Content, type ContentOptions, type KnownContents, openContentCache } from './content-cache.js';
import { type ContentKind, insideReason, isDecoded, kindOfContent, kindOfName } from './content-kind.js';
import { createDataset, type Dataset, type LabelledImage, type Skipped } from './dataset.js';
import { extensionOf } from './extensions.js';
import type { Listed, Listing } from './listing.js';
import { mapInOrder } from './parallel.js';
import { counted, printable, shortList } from './printable.js';
import { systemReason } from './system-reason.js';

/** Files up to this size are read in one piece. */
const wholeBytes = 1n << 24n;

/**
 * Reads every listed file once, for its SHA-256 and for what it holds, and makes the data set. A file that was read by an
 * earlier call and has not changed since is not read again. Files that cannot be read, are empty, or hold what is never
 * decoded here are skipped with the reason; one whose extension promises another kind is used, and noted.
 */
export async function readContents(name: string, root: string, listing: Listing, options: ContentOptions = {}): Promise<Dataset> {
  const { progress = silent } = options;
  const cache = await openContentCache(root, options);
  const skipped: Skipped[] = [...listing.skipped];
  const images: LabelledImage[] = [];
  const misnamed: string[] = [];
  const bar = progress.bar(`reading ${printable(name)}`, listing.images.length, 'images');
  const results = mapInOrder(listing.images, 8, (image) => readContent(image, cache));
  let at = 0;
  for await (const result of results) {
    const image = listing.images[at++] as Listed;
    bar.advance(1);
    const reason = typeof result === 'string' ? result : reasonAgainst(image.file, result);
    if (reason !== undefined) skipped.push({ file: image.file, reason });
    else {
      const { kind, sha256 } = result as Content;
      const promised = kindOfName(extensionOf(image.file));
      if (kind !== null && kind !== promised) misnamed.push(`${image.file} is ${kind}`);
      images.push({ ...image, sha256 });
    }
  }
  bar.done();
  await cache.save();
  const notes = [...listing.notes];
  if (misnamed.length > 0) {
    notes.push(`${counted(misnamed.length, 'image')} used in spite of a wrong extension or none: ${shortList(misnamed, 3)}`);
  }
  return createDataset(name, images, skipped, { passedOver: listing.passedOver, notes });
}

function reasonAgainst(file: string, { kind }: Content): string | undefined {
  return kind === null || isDecoded(kind) ? undefined : insideReason(kind, extensionOf(file));
}

function contentOf(bytes: Uint8Array): Content {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), kind: kindOfContent(bytes) ?? null };
}

/** Piece by piece: a file may be longer than memory, and longer than Node's largest buffer. */
async function contentOfLong(handle: FileHandle): Promise<Content> {
  const hash = createHash('sha256');
  let kind: ContentKind | null | undefined;
  for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
    if (kind === undefined) kind = kindOfContent(chunk as Buffer) ?? null;
    hash.update(chunk as Buffer);
  }
  return { sha256: hash.digest('hex'), kind: kind ?? null };
}

/** A file's content, from the cache or read now, or the reason why it cannot be. */
async function readContent(image: Listed, cache: KnownContents): Promise<Content | string> {
  try {
    if (cache.has(image.file)) {
      const known = cache.find(image.file, await stat(image.path, { bigint: true }));
      if (known !== undefined) return known;
    }
    // Should a pipe have come into the place of the file since it was listed, opening must not wait for somebody to write.
    const handle = await open(image.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = await handle.stat({ bigint: true });
      if (!info.isFile()) return 'neither a file nor a folder';
      if (info.size === 0n) return 'the file is empty';
      const content = info.size <= wholeBytes ? contentOf(await handle.readFile()) : await contentOfLong(handle);
      cache.add(image.file, info, content);
      return content;
    } finally {
      await handle.close();
    }
  } catch (error) {
    return systemReason(error);
  }
}
