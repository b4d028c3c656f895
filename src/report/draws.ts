/**
 * A seeded stream of numbers in [0, 1) for what a report picks and lays out: sfc32 (Doty-Humphrey, PractRand), warmed up by
 * twelve rounds. The same run gives the same page.
 */
export function draws(seed: number): () => number {
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** `count` different numbers below `of`, ascending, each set equally likely (Floyd's algorithm); all of them where there are fewer. */
export function sample(of: number, count: number, draw: () => number): number[] {
  if (count >= of) return Array.from({ length: of }, (_, i) => i);
  const taken = new Set<number>();
  for (let last = of - count; last < of; last++) {
    const one = Math.floor(draw() * (last + 1));
    taken.add(taken.has(one) ? last : one);
  }
  return [...taken].sort((x, y) => x - y);
}
