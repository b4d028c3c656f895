import { type GraphNode, refuseNode } from './graph.js';
import { matchActivation } from './match-activation.js';
import { inputDraft, matchAffine } from './match-affine.js';
import { matchBatchNorm } from './match-batch-norm.js';
import { matchDilated } from './match-dilated.js';
import { matchLayerNorm } from './match-layer-norm.js';
import { matchMap } from './match-map.js';
import { matchPointwise } from './match-pointwise.js';
import { matchRows } from './match-rows.js';
import { matchWeighted } from './match-weighted.js';
import type { Pattern } from './pattern.js';
import type { GraphView } from './view.js';

/** The layers that a node makes, together with the nodes below it that are a part of them. */
export function matchNode(node: GraphNode, view: GraphView): Pattern {
  if (node.op === 'Placeholder') return { inputs: [], make: (site) => [inputDraft(site, node)] };
  return (
    matchBatchNorm(node, view) ??
    matchLayerNorm(node, view) ??
    matchDilated(node, view) ??
    matchPointwise(node, view) ??
    matchWeighted(node, view) ??
    matchActivation(node, view) ??
    matchAffine(node, view) ??
    matchRows(node, view) ??
    matchMap(node, view) ??
    refuseNode(
      view.where,
      node,
      'is an operation that ft does not read here',
      'convolutions (also by SpaceToBatchND), BatchNorm, layer normalisation, Relu, Relu6, LeakyRelu, Elu, Selu, Sigmoid, Tanh, Softplus, Softmax, GELU, mish, swish, hard-swish, pools, sums, products, ConcatV2, Pad, MatMul',
    )
  );
}
