import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { lock } from 'proper-lockfile';
import { UserError } from '../errors.js';
import { type Progress, silent } from '../progress.js';
import { cacheFolder, createFolderAtomic, writeFileAtomic } from '../runtime/folders.js';
import { compareCodePoints, type Dataset } from './dataset.js';
import { scanFolder } from './folder.js';
import { imageLibraryVersion, sharp } from './image-library.js';
import { mapInOrder } from './parallel.js';

/**
 * Emoji drawn by four artists: a class is an emoji, its images are the four drawings. Licences: noto Apache-2.0,
 * twemoji CC BY 4.0, openmoji CC BY-SA 4.0, fluent-emoji-flat MIT.
 */
export const artists = ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat'] as const;
export type Artist = (typeof artists)[number];

/** Side in pixels that the drawings are rendered at. */
export const emojiSide = 128;

interface Drawing {
  readonly body: string;
  readonly width: number;
  readonly height: number;
}

/** One emoji: its class name `<code points>_<name>` and a drawing by each artist. */
export interface Emoji {
  readonly name: string;
  readonly drawings: Readonly<Record<Artist, Drawing>>;
}

interface IconSet {
  readonly width?: number;
  readonly height?: number;
  readonly icons: Readonly<Record<string, { body: string; width?: number; height?: number }>>;
}

const require = createRequire(import.meta.url);
const packageFile = (artist: Artist, file: string) => require.resolve(`@iconify-json/${artist}/${file}`);
const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

/** Emoji that all four artists have drawn, skin tones left out, sorted by code points. */
export async function listEmoji(): Promise<Emoji[]> {
  const byCodePoints = new Map<string, { name: string; drawings: Partial<Record<Artist, Drawing>> }>();
  for (const artist of artists) {
    const set = (await readJson(packageFile(artist, 'icons.json'))) as IconSet;
    const characters = (await readJson(packageFile(artist, 'chars.json'))) as Record<string, string>;
    for (const [codePoints, name] of Object.entries(characters)) {
      const icon = set.icons[name];
      if (icon === undefined) continue;
      const emoji = byCodePoints.get(codePoints) ?? { name: '', drawings: {} };
      byCodePoints.set(codePoints, emoji);
      if (artist === 'noto') emoji.name = `${codePoints}_${name}`;
      emoji.drawings[artist] = { body: icon.body, width: icon.width ?? set.width ?? 16, height: icon.height ?? set.height ?? 16 };
    }
  }
  return [...byCodePoints]
    .filter(([codePoints, emoji]) => artists.every((artist) => emoji.drawings[artist]) && !/1f3f[b-f]/.test(codePoints))
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([, emoji]) => emoji as Emoji);
}

/** `count` emoji, evenly spaced over the whole list. */
export function evenlySpaced<T>(items: readonly T[], count: number): T[] {
  const step = Math.floor(items.length / count);
  return Array.from({ length: count }, (_, i) => items[i * step] as T);
}

/** A drawing as a PNG on white. */
export async function renderDrawing(drawing: Drawing): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${drawing.width} ${
    drawing.height
  }" width="${emojiSide}" height="${emojiSide}">${drawing.body}</svg>`;
  return sharp(Buffer.from(svg), { density: 72 }).resize(emojiSide, emojiSide).flatten({ background: '#fff' }).png().toBuffer();
}

/**
 * The built-in data set. The drawings are rendered once, into the cache, and found there afterwards; a cache that does not
 * hold what was written is rendered again.
 * @param options.classes take only so many emoji, evenly spaced (for quick runs)
 * @throws UserError when more classes are asked for than there are
 */
export async function emojiDataset(
  options: { classes?: number | undefined; folder?: string; progress?: Progress } = {},
): Promise<Dataset> {
  const { classes, progress = silent } = options;
  const versions = await Promise.all(
    artists.map(async (artist) => ((await readJson(packageFile(artist, 'package.json'))) as { version: string }).version),
  );
  const key = createHash('sha256')
    .update([...versions, imageLibraryVersion].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const folder = options.folder ?? cacheFolder(`emoji-${key}${classes === undefined ? '' : `-${classes}`}`);
  // Two runs that start together on a fresh machine must not render into each other's folder.
  await mkdir(dirname(folder), { recursive: true });
  const release = await lock(folder, {
    realpath: false,
    stale: 20_000,
    retries: { forever: true, minTimeout: 100, maxTimeout: 1000 },
  });
  try {
    return await findOrRender(folder, classes, progress);
  } finally {
    await release();
  }
}

async function findOrRender(folder: string, classes: number | undefined, progress: Progress): Promise<Dataset> {
  const marker = `${folder}.sha256`;
  const read = () => scanFolder(folder, { name: 'emoji' });
  if (existsSync(folder) && existsSync(marker)) {
    const dataset = await read().catch(() => undefined);
    if (dataset !== undefined && dataset.fingerprint === (await readFile(marker, 'utf8')).trim()) return dataset;
    progress.line('the rendered emoji in the cache are damaged: they are rendered again');
  }
  // What a killed run left half rendered: nobody else is at it while we hold the lock.
  for (const name of await readdir(dirname(folder))) {
    if (name.startsWith(`.${basename(folder)}.part-`)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
  await render(await listEmoji(), classes, folder, progress);
  const dataset = await read();
  await writeFileAtomic(marker, `${dataset.fingerprint}\n`);
  return dataset;
}

async function render(all: readonly Emoji[], classes: number | undefined, folder: string, progress: Progress): Promise<void> {
  if (classes !== undefined && (classes > all.length || classes < 1)) {
    throw new UserError({
      what: 'there are not so many emoji',
      where: 'data.classes',
      expected: `1 to ${all.length}`,
      found: String(classes),
    });
  }
  const chosen = classes === undefined ? all : evenlySpaced(all, classes);
  const drawings = chosen.flatMap((emoji) => artists.map((artist) => ({ emoji, artist })));
  await createFolderAtomic(folder, async (temporary) => {
    for (const emoji of chosen) await mkdir(join(temporary, emoji.name));
    const bar = progress.bar('rendering emoji', drawings.length, 'images');
    const rendered = mapInOrder(drawings, Math.max(4, availableParallelism()), async ({ emoji, artist }) => {
      await writeFile(join(temporary, emoji.name, `${artist}.png`), await renderDrawing(emoji.drawings[artist]));
    });
    for await (const _ of rendered) bar.advance(1);
    bar.done();
  });
}
