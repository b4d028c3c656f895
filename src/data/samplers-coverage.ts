/** How much of the training images an epoch draws. */
export interface Coverage {
  /** Images drawn at least once. */
  readonly drawn: number;
  /** Images that there are. */
  readonly of: number;
  /** Draws beyond the first of an image. */
  readonly repeats: number;
}

/** The coverage of an epoch's batches over the images that it could draw. */
export function coverageOf(batches: readonly Int32Array[], samples: Int32Array): Coverage {
  const seen = new Set<number>();
  let draws = 0;
  for (const batch of batches) {
    draws += batch.length;
    for (const sample of batch) seen.add(sample);
  }
  return { drawn: seen.size, of: samples.length, repeats: draws - seen.size };
}
