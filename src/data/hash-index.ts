import { differingBits } from './perceptual-hash.js';

const bands = 4;
const buckets = 1 << 16;

/**
 * Pairs of images whose 64-bit hashes differ in at most `radius` bits, found by multi-index hashing (Norouzi, Punjani, Fleet
 * 2012): two such hashes agree in one of four 16-bit bands up to ⌊radius / 4⌋ bits, so only the hashes in those buckets are
 * compared. Of images with the very same hash each is paired with the first one alone, so that a thousand equal images give
 * a thousand pairs and not half a million.
 * @param hashes two words for each image
 * @returns pairs [a, b, differing bits] with a < b, by a, then b
 */
export function nearHashes(hashes: Uint32Array, radius: number): [number, number, number][] {
  const pairs: [number, number, number][] = [];
  const { unique, members } = uniqueHashes(hashes);
  for (const [head, ...others] of members) for (const other of others) pairs.push([head as number, other, 0]);
  const words = unique.length;
  const band = (item: number, number: number) => {
    const word = hashes[2 * (unique[item] as number) + (number >> 1)] as number;
    return number % 2 === 0 ? word >>> 16 : word & 0xffff;
  };
  const flips = bitPatterns(Math.floor(radius / bands));
  const compared = new Int32Array(words).fill(-1);
  const tables = Array.from({ length: bands }, (_, number) => bucketTable(words, (item) => band(item, number)));
  for (let item = 0; item < words; item++) {
    const image = unique[item] as number;
    const [high, low] = [hashes[2 * image] as number, hashes[2 * image + 1] as number];
    for (let number = 0; number < bands; number++) {
      const { starts, items } = tables[number] as BucketTable;
      const key = band(item, number);
      for (const flip of flips) {
        const bucket = key ^ flip;
        const end = starts[bucket + 1] as number;
        for (let at = starts[bucket] as number; at < end; at++) {
          const other = items[at] as number;
          if (other <= item || compared[other] === item) continue;
          compared[other] = item;
          const near = unique[other] as number;
          const bits = differingBits(high, hashes[2 * near] as number) + differingBits(low, hashes[2 * near + 1] as number);
          if (bits <= radius) pairs.push([image, near, bits]);
        }
      }
    }
  }
  return pairs.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
}

function uniqueHashes(hashes: Uint32Array): { unique: number[]; members: number[][] } {
  const byHash = new Map<number, number[]>();
  for (let image = 0; image < hashes.length / 2; image++) {
    // A float holds 53 bits: the lower word's upper 21 and the rest in a second key would be exact; a chain is simpler.
    const key = (hashes[2 * image] as number) * 0x200000 + ((hashes[2 * image + 1] as number) >>> 11);
    const list = byHash.get(key);
    if (list === undefined) byHash.set(key, [image]);
    else list.push(image);
  }
  const members: number[][] = [];
  for (const list of byHash.values()) {
    const exact = new Map<number, number[]>();
    for (const image of list) {
      const low = hashes[2 * image + 1] as number;
      const same = exact.get(low);
      if (same === undefined) exact.set(low, [image]);
      else same.push(image);
    }
    members.push(...exact.values());
  }
  members.sort((a, b) => (a[0] as number) - (b[0] as number));
  return { unique: members.map((list) => list[0] as number), members };
}

interface BucketTable {
  /** Where the items of each bucket start; one more at the end. */
  readonly starts: Int32Array;
  readonly items: Int32Array;
}

function bucketTable(count: number, keyOf: (item: number) => number): BucketTable {
  const starts = new Int32Array(buckets + 1);
  for (let item = 0; item < count; item++) starts[keyOf(item) + 1] = (starts[keyOf(item) + 1] as number) + 1;
  for (let bucket = 0; bucket < buckets; bucket++)
    starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number);
  const next = starts.slice();
  const items = new Int32Array(count);
  for (let item = 0; item < count; item++) {
    const key = keyOf(item);
    items[next[key] as number] = item;
    next[key] = (next[key] as number) + 1;
  }
  return { starts, items };
}

/** All 16-bit words with at most so many bits set. */
function bitPatterns(most: number): number[] {
  let patterns = [0];
  for (let count = 0, last = [0]; count < Math.min(most, 16); count++) {
    const next = new Set<number>();
    for (const pattern of last) for (let bit = 0; bit < 16; bit++) if (!(pattern & (1 << bit))) next.add(pattern | (1 << bit));
    last = [...next];
    patterns = patterns.concat(last);
  }
  return patterns;
}
