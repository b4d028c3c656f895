import { step } from './affine.js';
import type { GraphNode } from './graph.js';
import { activationDraft, plainActivation } from './match-activation.js';
import { matchWeighted } from './match-weighted.js';
import type { Draft, Site } from './pattern.js';
import type { GraphView } from './view.js';

/** An operation with a kernel on a map that was laid out otherwise for it. */
export interface LaidOut {
  /** The map as it was before. */
  readonly map: string;
  /** What lays it out. */
  readonly opening: GraphNode;
  readonly weighted: GraphNode;
  /** The layers of the map as it is laid out: the one with the kernel and what comes of fused operations, then the activations. */
  readonly make: (site: Site) => readonly Draft[];
}

/**
 * What lies between the node that puts a map back and the one that laid it out: an operation with a kernel, perhaps its bias and activations.
 * @param after a bias that is added to the map once it is put back
 */
export function laidOut(
  closing: GraphNode,
  opening: 'SpaceToBatchND' | 'Reshape',
  view: GraphView,
  after?: readonly number[],
): LaidOut | undefined {
  const activations: GraphNode[] = [];
  let bias = after;
  let below = view.node(closing.inputs[0] ?? '');
  while (plainActivation(below.op) !== undefined && plainActivation(below.op) !== 'softmax') {
    activations.unshift(below);
    below = view.node(below.inputs[0] ?? '');
  }
  const sum = step(below, view);
  if (sum?.affine.scale.every((scale) => scale === 1) === true) {
    bias = sum.affine.shift;
    below = view.node(sum.map);
  }
  // A bias behind an activation, or a second one, is no part of the operation.
  if (after !== undefined && (bias !== after || activations.length > 0)) return undefined;
  const weighted = below;
  const first = view.node(weighted.inputs[0] ?? '');
  const pattern = first.op === opening ? matchWeighted(weighted, view, bias) : undefined;
  // A second map would lie as the first does, laid out.
  if (pattern === undefined || pattern.inputs.length > 1) return undefined;
  return {
    map: view.source(first.inputs[0] ?? ''),
    opening: first,
    weighted,
    make: (site) => {
      const drafts = [...pattern.make(site)];
      for (const one of activations)
        drafts.push(activationDraft(site, one, plainActivation(one.op) ?? 'linear', drafts.at(-1)?.layer.name ?? ''));
      return drafts;
    },
  };
}
