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
