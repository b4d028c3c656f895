import type { BatchPlan } from '../data/batch.js';
import type { Loader } from '../data/loader.js';
import type { MapCache } from '../data/map-cache.js';
import type { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import type { Prefix } from '../train/prefix.js';

/** Where the maps of views are, and how they come about. */
export interface ViewMaps {
  readonly cache: MapCache;
  /** Views of an image. */
  readonly views: number;
  readonly prefix: Prefix;
  readonly loader: Loader;
}

interface View {
  readonly image: number;
  readonly view: number;
}

/**
 * Planned batches by the maps of their views. Those that were never computed are computed in the order in which they are needed, as
 * many at a time as the frozen part takes, while the batches are handed out.
 * @param rows where they lie in a table of the program: a batch then has the numbers of its rows, and a map is read when it is first wanted
 */
export async function* viewBatches(plans: readonly BatchPlan[], maps: ViewMaps, rows?: MapRows): AsyncGenerator<Batch> {
  const { cache } = maps;
  const missing = new Map(plans.flatMap(shownIn).map((view) => [slotOf(view, maps), view]));
  for (const slot of missing.keys()) if (cache.has(slot)) missing.delete(slot);
  const filling = compute([...missing.values()], maps);
  const read = async (slots: readonly number[], into: Float32Array) => {
    for (const [at, slot] of slots.entries()) {
      const target = into.subarray(at * cache.size, (at + 1) * cache.size);
      while (!cache.has(slot) && !(await filling.next()).done);
      if (cache.read(slot, target)) continue;
      // Its bytes are not those that were written: computed again.
      for await (const _ of compute([viewOf(slot, maps)], maps)) void _;
      if (!cache.read(slot, target)) throw new Error('the cache of frozen maps does not keep what is written to it');
    }
  };
  try {
    for (const plan of plans) {
      const slots = shownIn(plan).map((view) => slotOf(view, maps));
      const { indices } = plan;
      if (rows === undefined) {
        const map = new Float32Array(slots.length * cache.size);
        await read(slots, map);
        yield { map, indices };
      } else yield { map: await rows.of(slots, read), indices };
    }
  } finally {
    await filling.return(undefined);
  }
}

function shownIn({ indices, views }: BatchPlan): View[] {
  return Array.from(indices, (image, at) => ({ image, view: views?.[at] as number }));
}

function slotOf({ image, view }: View, { views }: ViewMaps): number {
  return image * views + view;
}

function viewOf(slot: number, { views }: ViewMaps): View {
  return { image: Math.floor(slot / views), view: slot % views };
}

async function* compute(wanted: readonly View[], maps: ViewMaps): AsyncGenerator<void, void, undefined> {
  const { cache, prefix, loader } = maps;
  const chunks: BatchPlan[] = [];
  for (let first = 0; first < wanted.length; first += prefix.batch) {
    const some = wanted.slice(first, first + prefix.batch);
    const indices = Int32Array.from(some, ({ image }) => image);
    chunks.push({ indices, views: Int32Array.from(some, ({ view }) => view), epoch: 0, first });
  }
  let done = 0;
  for await (const { pixels, indices } of loader.batches(chunks)) {
    const computed = prefix.run(pixels, indices.length);
    for (let place = 0; place < indices.length; place++)
      cache.write(slotOf(wanted[done + place] as View, maps), computed.subarray(place * cache.size, (place + 1) * cache.size));
    done += indices.length;
    yield;
  }
}
