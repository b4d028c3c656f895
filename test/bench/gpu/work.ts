import { multiplyAdds } from '../../../src/network/arithmetic.js';
import type { Network } from '../../../src/network/network.js';
import type { PhasePlan } from '../../../src/transfer/plan.js';

/**
 * Floating-point operations of a training step, an image of `side` pixels: two for each multiply-add of convolutions and dense layers, once
 * forward, once for the gradient of a kernel that moves, once for the gradient of an input below which something moves. All else (BatchNorm,
 * activations, the update) counts nothing, nor does what an implementation computes twice.
 */
export function stepOperations(network: Network, plan: PhasePlan, side: number): number {
  const moving = new Set(plan.variables.filter(({ frozen }) => !frozen).map(({ layer }) => layer));
  const adds = multiplyAdds(network, side);
  const head = plan.layers.at(-1);
  const kernel = head?.variables.find(({ role }) => role === 'kernel');
  const layers = [...network.layers, { name: head?.name ?? '', inputs: [network.output] }];
  /** Layers whose output changes when something moves. */
  const changed = new Set<string>();
  let sum = 0;
  for (const { name, inputs } of layers) {
    const below = inputs.some((input) => changed.has(input));
    if (below || moving.has(name)) changed.add(name);
    sum += (adds.get(name) ?? kernel?.parameters ?? 0) * (1 + Number(moving.has(name)) + Number(below));
  }
  return 2 * sum;
}
