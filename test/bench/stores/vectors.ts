import { randomStream } from '../../../src/data/random.js';

export const DIMENSIONS = 128;
const IMAGES_A_CLASS = 100;
const SEED = 11;
/** Of the images around the middle of their class, beside the spread of the classes' middles. */
const SPREAD = 0.7;

/** Trained embeddings lie mostly in few directions: the spread falls with the square root of the direction's rank. */
const SCALES = Float64Array.from({ length: DIMENSIONS }, (_, i) => 1 / Math.sqrt(1 + i));

/** Adds normal draws, scaled, to `out`; a pure function of its key. */
function addNormals(out: Float64Array, a: number, b: number, spread: number): void {
  const stream = randomStream(SEED, 'derive', a, b);
  for (let i = 0; i < DIMENSIONS; i += 2) {
    // Box and Muller: two uniform draws make two normal ones.
    const radius = spread * Math.sqrt(-2 * Math.log(1 - stream.uniform()));
    const angle = 2 * Math.PI * stream.uniform();
    out[i] = (out[i] as number) + radius * Math.cos(angle) * (SCALES[i] as number);
    out[i + 1] = (out[i + 1] as number) + radius * Math.sin(angle) * (SCALES[i + 1] as number);
  }
}

/**
 * Vectors `first` … `first + count − 1` of a gallery of `rows`, like real embeddings: of unit length, in classes of a hundred that
 * overlap. Each is a function of its number alone, so that a process makes them batch by batch. Those from `rows` on are queries.
 * @returns row-major [count, DIMENSIONS]
 */
export function vectors(rows: number, first: number, count: number): Float32Array {
  const classes = rows / IMAGES_A_CLASS;
  const out = new Float32Array(count * DIMENSIONS);
  const one = new Float64Array(DIMENSIONS);
  for (let i = 0; i < count; i++) {
    one.fill(0);
    // 7919 is prime: the classes of neighbouring queries lie far apart.
    addNormals(one, 0, ((first + i) * 7919) % classes, 1);
    addNormals(one, 1, first + i, SPREAD);
    const length = Math.sqrt(one.reduce((sum, value) => sum + value * value, 0));
    for (let d = 0; d < DIMENSIONS; d++) out[i * DIMENSIONS + d] = (one[d] as number) / length;
  }
  return out;
}
