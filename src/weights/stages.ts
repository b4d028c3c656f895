import picomatch from 'picomatch';
import { type Fault, UserError } from '../errors.js';

/** Stage names from the input upwards, each with the globs of the layer names that it holds. */
export type StagePatterns = Readonly<Record<string, readonly string[]>>;

/**
 * The stage of each layer. The patterns are total both ways: every layer falls into exactly one stage, every pattern
 * matches a layer; everything that is not so is listed at once.
 */
export function assignStages(layers: readonly string[], patterns: StagePatterns, where: string): Map<string, string> {
  const stages = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [stage, globs] of Object.entries(patterns)) {
    for (const glob of globs) {
      const matches = picomatch(glob);
      const hits = layers.filter((layer) => matches(layer));
      if (hits.length === 0) {
        faults.push({
          where,
          what: `stage '${stage}': the pattern '${glob}' matches no layer`,
          expected: `one of ${layers.join(', ')}`,
        });
      }
      for (const layer of hits) {
        const other = stages.get(layer);
        if (other !== undefined && other !== stage)
          faults.push({ where, what: `layer '${layer}' is in two stages, '${other}' and '${stage}'` });
        else stages.set(layer, stage);
      }
    }
  }
  for (const layer of layers) {
    if (!stages.has(layer))
      faults.push({
        where,
        what: `layer '${layer}' is in no stage`,
        expected: `a pattern of ${Object.keys(patterns).join(', ')} that matches it`,
      });
  }
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
  return stages;
}
