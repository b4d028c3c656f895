import { alignSide, type GreyGrid } from '../data/alignment.js';
import { type Appearance, appearanceOf, type FrameSize } from '../data/appearance.js';
import type { Sample } from '../data/dataset.js';
import { detailSide } from '../data/detail.js';
import { sharp } from '../data/image-library.js';
import { mapInOrder } from '../data/parallel.js';
import { greyGrid, hashOfGrid } from '../data/perceptual-hash.js';
import type { DecodedDataset } from '../data/pixel-cache.js';
import { Interrupted } from '../errors.js';
import type { Progress } from '../progress.js';
import { pixelSource } from './pixel-source.js';

/** What is known of every image without a network. */
export interface Looks {
  readonly appearances: readonly Appearance[];
  /** Two words for each image. */
  readonly hashes: Uint32Array;
  /** 32 × 32 grey levels of each image, one after the other. */
  readonly grids: Uint8Array;
  readonly frames: readonly (FrameSize | undefined)[];
}

/** Looks at the cached pixels of every image, and at the head of its file for its own size. */
export async function lookAtImages(decoded: DecodedDataset, progress: Progress, stopped: () => boolean): Promise<Looks> {
  const { samples } = decoded.dataset;
  const { source, close } = pixelSource(decoded, 0, progress);
  const bar = progress.bar('looking at images', samples.length, 'images');
  const appearances: Appearance[] = [];
  const hashes = new Uint32Array(2 * samples.length);
  const grids = new Uint8Array(alignSide ** 2 * samples.length);
  const frames: (FrameSize | undefined)[] = [];
  try {
    const pixels = new Uint8Array(source.side * source.side * 3);
    for await (const frame of mapInOrder(samples, 8, frameOf)) {
      const index = frames.length;
      frames.push(frame);
      await source.read(index, pixels);
      appearances.push(appearanceOf(pixels));
      const grid = greyGrid(pixels, source.side);
      hashes.set(hashOfGrid(grid), 2 * index);
      grids.set(grid.map(Math.round), alignSide ** 2 * index);
      bar.advance(1);
      if (stopped()) throw new Interrupted('stopped while images were looked at; nothing was written');
    }
  } finally {
    bar.done();
    close();
  }
  return { appearances, hashes, grids, frames };
}

/** Reads the grey levels by which detail is compared from the cached pixels, one image at a time. `close` lets go of the file. */
export function detailReader(
  decoded: DecodedDataset,
  progress: Progress,
): { read: (index: number) => Promise<GreyGrid>; close: () => void } {
  const { source, close } = pixelSource(decoded, 0, progress);
  const pixels = new Uint8Array(source.side * source.side * 3);
  const read = async (index: number) => {
    await source.read(index, pixels);
    return greyGrid(pixels, source.side, detailSide);
  };
  return { read, close };
}

/** Width and height of the upright image; undefined where the file has gone since it was decoded. */
async function frameOf({ path }: Sample): Promise<FrameSize | undefined> {
  try {
    const { width, height, autoOrient } = await sharp(path).metadata();
    return { width: autoOrient?.width ?? width, height: autoOrient?.height ?? height };
  } catch {
    return undefined;
  }
}
