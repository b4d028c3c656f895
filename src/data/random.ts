/**
 * Random numbers that depend on nothing but their key: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). A counter goes in, four 32-bit words come out; there is no state that one worker could
 * advance and another miss, so the draws for (seed, epoch, place) are the same in any thread and in any order.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One block of Philox4x32-10: `counter` (4 words) under `key` (2 words) into `out` (4 words). */
export function philox(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let c0 = (counter[0] ?? 0) >>> 0;
  let c1 = (counter[1] ?? 0) >>> 0;
  let c2 = (counter[2] ?? 0) >>> 0;
  let c3 = (counter[3] ?? 0) >>> 0;
  let k0 = (key[0] ?? 0) >>> 0;
  let k1 = (key[1] ?? 0) >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** What draws are for; two purposes never share numbers. The order is part of every seeded result: append only. */
const purposes = [
  'shuffle',
  'augment',
  'classes-of-batches',
  'images-of-batches',
  'validation',
  'derive',
  'augment-crop',
  'augment-vertical',
  'augment-colour',
  'augment-rand',
  'augment-blur',
  'augment-erase',
  'mix',
  'order-of-class',
  'views',
  'calibration',
] as const;
export type Purpose = (typeof purposes)[number];

/** A sequence of draws that is a pure function of (seed, purpose, a, b). */
export interface RandomStream {
  /** The next 32 random bits. */
  word(): number;
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform among 0 … n − 1, without bias (rejection). */
  below(n: number): number;
}

/** `seed` is a whole number up to 2⁵³; `a` and `b` (epoch, place in the epoch, …) up to 2³². */
export function randomStream(seed: number, purpose: Purpose, a = 0, b = 0): RandomStream {
  const key = [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0];
  const counter = [0, a >>> 0, b >>> 0, purposes.indexOf(purpose)];
  const block = new Uint32Array(4);
  let used = 4;
  const word = () => {
    if (used === 4) {
      philox(counter, key, block);
      counter[0] = (counter[0] as number) + 1;
      used = 0;
    }
    return block[used++] as number;
  };
  const uniform = () => word() / 0x100000000;
  return {
    word,
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    below(n) {
      const limit = 0x100000000 - (0x100000000 % n);
      for (;;) {
        const value = word();
        if (value < limit) return value % n;
      }
    },
  };
}

/** Shuffles in place (Fisher–Yates, Durstenfeld's form): every order is equally likely. */
export function shuffleInPlace<T extends Int32Array | number[]>(items: T, stream: RandomStream): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const swap = items[i] as number;
    items[i] = items[j] as number;
    items[j] = swap;
  }
  return items;
}

/** The numbers 0 … n − 1 in an order that depends on seed and epoch only. */
export function shuffle(n: number, seed: number, epoch: number): Int32Array {
  return shuffleInPlace(
    Int32Array.from({ length: n }, (_, i) => i),
    randomStream(seed, 'shuffle', epoch),
  );
}

/** A seed of its own for a named part of a run (a phase, say), so that two parts of one run share no draws. */
export function deriveSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5; // FNV-1a, 32 bits
  for (const byte of Buffer.from(name, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const stream = randomStream(seed, 'derive', hash);
  return stream.word() + (stream.word() & 0x1fffff) * 0x100000000;
}
