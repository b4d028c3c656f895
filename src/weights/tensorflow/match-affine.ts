import { composed, step } from './affine.js';
import type { GraphNode } from './graph.js';
import { matchActivation } from './match-activation.js';
import { matchBatchNorm } from './match-batch-norm.js';
import { matchDilated } from './match-dilated.js';
import { matchLayerNorm } from './match-layer-norm.js';
import { matchPointwise } from './match-pointwise.js';
import { isWeighted, matchWeighted } from './match-weighted.js';
import { type Affine, type Draft, everyChannel, type Pattern, type Site } from './pattern.js';
import type { GraphView } from './view.js';

/**
 * A map times and plus constants, as long a run of them as nothing else looks at. On the pixels it is preprocessing; a sum
 * alone, after a convolution or a matrix, is its bias; elsewhere (a BatchNorm that a converter folded to a scale and a
 * shift) it is a 1 × 1 depthwise convolution, and on pooled features a BatchNorm with mean 0 and variance 1.
 */
export function matchAffine(node: GraphNode, view: GraphView): Pattern | undefined {
  const first = step(node, view);
  if (first === undefined) return undefined;
  let { map, affine } = first;
  for (let below = view.node(map); node.op !== 'BiasAdd' && view.once(map); below = view.node(map)) {
    if (below.op === 'BiasAdd' || matchActivation(below, view) !== undefined || matchBatchNorm(below, view) !== undefined) break;
    if (matchLayerNorm(below, view) !== undefined) break;
    const next = step(below, view);
    if (next === undefined) break;
    affine = composed(affine, next.affine);
    map = next.map;
  }
  const bottom = view.node(map);
  if (bottom.op === 'Placeholder' && view.once(map) && affine.scale.every((scale) => scale !== 0)) {
    return { inputs: [], chain: affine, make: (site) => [inputDraft(site, bottom)] };
  }
  if (isWeighted(bottom.op) && view.once(map) && affine.scale.every((scale) => scale === 1)) {
    return matchWeighted(bottom, view, affine.shift);
  }
  if (view.once(map) && affine.scale.every((scale) => scale === 1)) {
    const biased = matchDilated(bottom, view, affine.shift) ?? matchPointwise(bottom, view, affine.shift);
    if (biased !== undefined) return biased;
  }
  return { inputs: [map], make: (site) => [affineDraft(site, node, affine)] };
}

/** The layer for the pixels. */
export function inputDraft(site: Site, node: GraphNode): Draft {
  const path = node.name.replace(/^serving_default_/, '');
  return { layer: { kind: 'input', name: site.name(path, 'input'), inputs: [], stage: '' }, variables: [] };
}

function affineDraft(site: Site, node: GraphNode, { scale, shift }: Affine): Draft {
  const [input] = site.inputs;
  const channels = input?.channels ?? 0;
  const longest = Math.max(scale.length, shift.length);
  if (longest !== 1 && longest !== channels)
    throw site.refuse(node, `has a constant of ${longest} numbers`, `one for each of the ${channels} channels, or one for all`);
  const flat = input?.rank === 2;
  const name = site.name(node.name, 'scale');
  const base = { name, inputs: [input?.name ?? ''], stage: '' };
  const own = (role: 'kernel' | 'bias' | 'gamma' | 'beta' | 'mean' | 'variance', values: Float32Array, shape = [channels]) => ({
    name: `${name}/${role}`,
    layer: name,
    role,
    shape,
    values,
  });
  const scales = everyChannel(scale, channels);
  const shifts = everyChannel(shift, channels);
  if (flat) {
    const parts = { gamma: `${name}/gamma`, beta: `${name}/beta`, mean: `${name}/mean`, variance: `${name}/variance` };
    return {
      layer: { ...base, kind: 'batch-norm', ...parts, epsilon: 0, momentum: 0.99 },
      variables: [
        own('gamma', scales),
        own('beta', shifts),
        own('mean', new Float32Array(channels)),
        own('variance', new Float32Array(channels).fill(1)),
      ],
    };
  }
  const biased = shifts.some((value) => value !== 0);
  return {
    layer: {
      ...base,
      kind: 'depthwise-conv',
      kernel: `${name}/kernel`,
      ...(biased ? { bias: `${name}/bias` } : {}),
      strides: [1, 1],
      dilations: [1, 1],
      padding: 'valid',
    },
    variables: [own('kernel', scales, [1, 1, channels, 1]), ...(biased ? [own('bias', shifts)] : [])],
  };
}
