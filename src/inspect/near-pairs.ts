import { align, alignSide, type GreyGrid } from '../data/alignment.js';
import { detailAgreement } from '../data/detail.js';
import { nearHashes } from '../data/hash-index.js';
import { Interrupted } from '../errors.js';
import type { Bar } from '../progress.js';
import type { NearPair } from './duplicate-sets.js';
import type { Neighbours } from './neighbours.js';

/** How near two images have to be to be looked at, and to be taken for the same. */
export interface NearRule {
  /** Differing bits of 64 up to which two perceptual hashes make a candidate. */
  readonly bits: number;
  /** How many of an image's nearest neighbours in feature space are candidates: crops and mirrored copies, which the hash misses. */
  readonly neighbours: number;
  /** Cosine of the centred features below which two images do not show the same, whatever their outlines. */
  readonly cosine: number;
  /** Cosine from which a neighbour whose hash is another one is a candidate. */
  readonly neighbourCosine: number;
  /** Correlation of the aligned grey levels from which a candidate's detail is compared. */
  readonly correlation: number;
  /** Agreement in detail from which it is taken for the same. */
  readonly detail: number;
}

/** Features to find and to confirm candidates by. */
export interface FeatureSpace {
  readonly neighbours: Neighbours;
  readonly cosine: (a: number, b: number) => number;
}

/** What every image looks like in little. */
export interface Outlines {
  /** Two words for each image. */
  readonly hashes: Uint32Array;
  /** 32 × 32 grey levels of each image, one after the other. */
  readonly grids: Uint8Array;
  /** Grey levels at detailSide × detailSide of one image: made when asked for, because few pairs come that far. */
  readonly detail: (index: number) => Promise<GreyGrid>;
  /** Images nearly of one colour: their hashes and outlines are noise, so they are in no pair. */
  readonly blank: ReadonlySet<number>;
}

/**
 * Pairs of images that show the same: candidates by perceptual hash and by features, each laid over the other, and where that
 * agrees, compared in detail. Neither the hash nor the features decide alone: of two heaps of limes both say "the same"; nor do the
 * outlines, of two pairs of trousers on one floor.
 * @param space null: candidates by hash alone, confirmed by their outlines
 * @throws Interrupted where the person asked to stop
 */
export async function nearPairs(
  outlines: Outlines,
  space: FeatureSpace | null,
  rule: NearRule,
  options: { bar?: (total: number) => Bar; stopped?: () => boolean } = {},
): Promise<NearPair[]> {
  const { stopped = () => false } = options;
  const candidates = candidatePairs(outlines, space, rule);
  const bar = options.bar?.(candidates.length);
  const grid = (index: number) => outlines.grids.subarray(index * alignSide ** 2, (index + 1) * alignSide ** 2);
  const pairs: NearPair[] = [];
  try {
    for (const [at, [a, b]] of candidates.entries()) {
      const { frame, firstIsSmaller, ...alignment } = align(grid(a), grid(b));
      if (alignment.correlation >= rule.correlation) {
        const [detailA, detailB] = [await outlines.detail(a), await outlines.detail(b)];
        const agreement = detailAgreement(detailA, detailB, { frame, firstIsSmaller, ...alignment });
        if (agreement >= rule.detail) pairs.push({ a, b, alignment });
      }
      bar?.advance(1);
      if (at % 64 !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (stopped()) throw new Interrupted('stopped while images were compared; nothing was written');
    }
  } finally {
    bar?.done();
  }
  return pairs;
}

/** Pairs a < b that are worth laying over each other, in order, each once. */
function candidatePairs({ hashes, blank }: Outlines, space: FeatureSpace | null, rule: NearRule): [number, number][] {
  const found = new Map<number, Set<number>>();
  const add = (a: number, b: number) => {
    if (a === b || blank.has(a) || blank.has(b)) return;
    const [first, second] = a < b ? [a, b] : [b, a];
    const others = found.get(first);
    if (others === undefined) found.set(first, new Set([second]));
    else others.add(second);
  };
  for (const [a, b] of nearHashes(hashes, rule.bits)) if (space === null || space.cosine(a, b) >= rule.cosine) add(a, b);
  if (space !== null) {
    const { each, indices, similarities } = space.neighbours;
    similarities.forEach((similarity, at) => {
      if (at % each < rule.neighbours && similarity >= rule.neighbourCosine) add(Math.floor(at / each), indices[at] as number);
    });
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .flatMap(([a, others]) => [...others].sort((x, y) => x - y).map((b): [number, number] => [a, b]));
}
