/** What the semi-hard variants prescribe, so that a recipe that contradicts is refused with its place in the file. */

/** Rules of selection: any distance and reduction goes with them. */
export const MINERS = ['semi-hard', 'naive', 'batch-hard', 'batch-easy', 'all'] as const;

/** Whole losses by name; `src/losses/variants.ts` computes them, and a test holds this table to it. */
export const VARIANTS = {
  tfa: { distance: 'euclidean', reduction: 'kept' },
  tfsim: { distance: 'cosine', reduction: 'kept' },
  pml: { distance: 'euclidean', reduction: 'non-zero' },
  facenet: { distance: 'squared-euclidean', reduction: 'kept' },
  vggface: { distance: 'squared-euclidean', reduction: 'kept' },
} as const;

export const MINER_NAMES = [...MINERS, 'tfa', 'tfsim', 'pml', 'facenet', 'vggface'] as const;

interface Named {
  readonly miner: (typeof MINER_NAMES)[number];
  readonly distance: string | null;
  readonly reduction: string | null;
}

/** The keys of a triplet phase that its variant does not go with, and what would. */
export function contradictions(options: Named): { key: 'distance' | 'reduction'; expected: string }[] {
  const variant = (VARIANTS as Partial<Record<string, { distance: string; reduction: string }>>)[options.miner];
  if (variant === undefined) return [];
  return (['distance', 'reduction'] as const)
    .filter((key) => options[key] !== null && options[key] !== variant[key])
    .map((key) => ({
      key,
      expected: `${variant[key]} or nothing, which is what '${options.miner}' means; other values go with ${MINERS.join(', ')}`,
    }));
}
