/**
 * What the base rate is multiplied by, layer by layer. The multiplier scales the optimizer's update, not the gradient: Adam
 * would undo a scaled gradient, and momentum under a schedule would blur it.
 */
import type { Fault } from '../errors.js';
import { HEAD_STAGE, type Selectable, select } from './selectors.js';

export interface RateOptions {
  /** What the head's rate is multiplied by. */
  readonly newLayers: number;
  /** The first that matches a layer gives its multiplier, in the place of `decay` and `newLayers`. */
  readonly multipliers: readonly { readonly match: string; readonly by: number }[];
  /** The multiplier falls by this factor for each stage downwards: decay^(stages between the layer's and the highest). */
  readonly decay: number;
}

/** Multiplier of every layer by name; `stages` are the backbone's, from the input upwards. */
export function rateMultipliers(
  layers: readonly Selectable[],
  stages: readonly string[],
  options: RateOptions,
  where: string,
): { multipliers: Map<string, number>; faults: Fault[] } {
  const faults: Fault[] = [];
  const given = new Map<string, number>();
  for (const [index, { match, by }] of options.multipliers.entries()) {
    const selection = select(layers, match, `${where}.multipliers.${index}.match`, true);
    if ('fault' in selection) faults.push(selection.fault);
    else for (const layer of selection.layers) if (!given.has(layer.name)) given.set(layer.name, by);
  }
  const inherited = (stage: string): number =>
    stage === HEAD_STAGE ? options.newLayers : options.decay ** (stages.length - 1 - stages.indexOf(stage));
  return { multipliers: new Map(layers.map((layer) => [layer.name, given.get(layer.name) ?? inherited(layer.stage)])), faults };
}
