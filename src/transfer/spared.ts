import { multiplyAdds } from '../network/arithmetic.js';
import { highestStillLayer } from '../network/cut.js';
import type { Network } from '../network/network.js';
import { outputShapes } from '../network/shapes.js';
import type { PhasePlan } from './plan.js';

/** What a phase need not compute again for an image that it has seen. */
export interface Spared {
  /** The highest layer below which, itself included, nothing moves. */
  readonly upTo: string;
  /** What it makes of an image: height, width and channels; the length of the pooled features where the whole backbone stands still. */
  readonly shape: readonly number[];
  /** Share of a training step's multiply-adds that lie below: forward alone there, forward and twice as much backward above. */
  readonly share: number;
}

/** Null where nothing below what is trained stands still. */
export function sparedBy(network: Network, plan: PhasePlan, side: number): Spared | null {
  const moving = new Set(plan.variables.filter(({ frozen }) => !frozen).map(({ name }) => name));
  const upTo = highestStillLayer(network, (name) => moving.has(name));
  if (upTo === null) return null;
  const costs = multiplyAdds(network, side);
  let [below, above, passed] = [0, 0, false];
  for (const { name } of network.layers) {
    if (passed) above += costs.get(name) as number;
    else below += costs.get(name) as number;
    if (name === upTo) passed = true;
    if (name === network.output) break;
  }
  const shape = upTo === network.output ? [network.features] : (outputShapes(network, side).get(upTo) as readonly number[]);
  return { upTo, shape: [...shape], share: below / (below + 3 * above) };
}
