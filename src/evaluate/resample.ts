/** Draws one resample: fills `into` with as many indices below its length, each equally likely, with replacement. */
export type Resampler = (into: Int32Array) => void;

/**
 * A seeded resampler: the same seed gives the same resamples of a set of the same size, so that the intervals of two runs
 * rest on the same draws.
 *
 * The generator is sfc32 (Doty-Humphrey, PractRand), started from the seed and warmed up by twelve rounds.
 */
export function seededResampler(seed: number): Resampler {
  const next = generator(seed);
  return (into) => {
    const scale = into.length / 2 ** 32;
    for (let i = 0; i < into.length; i++) into[i] = Math.floor(next() * scale);
  };
}

/** Seeded draws, uniform in [0, 1), by the same generator. */
export function seededDraws(seed: number): () => number {
  const next = generator(seed);
  return () => next() / 2 ** 32;
}

/** sfc32: whole numbers below 2³², each equally likely. */
function generator(seed: number): () => number {
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
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
