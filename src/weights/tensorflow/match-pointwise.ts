import type { DenseLayer } from '../../network/network.js';
import type { GraphNode } from './graph.js';
import { laidOut } from './laid-out.js';
import type { Draft, Pattern, Site } from './pattern.js';
import { shapeArithmetic, targetRank } from './shape-arithmetic.js';
import type { GraphView } from './view.js';

/**
 * A matrix at each place of a map, as `tf.tensordot` and so Keras' Dense write it: the places as rows [N · H · W, C], a MatMul, perhaps its
 * bias and activation, the rows as places again [N, H, W, D]. It is a convolution with a kernel of 1 × 1.
 * @param after a bias that is added to it
 */
export function matchPointwise(node: GraphNode, view: GraphView, after?: readonly number[]): Pattern | undefined {
  // What stays a matrix comes of a flattening.
  if (node.op !== 'Reshape' || targetRank(node, view) === 2) return undefined;
  const rows = laidOut(node, 'Reshape', view, after);
  if (rows?.weighted.op.endsWith('MatMul') !== true) return undefined;
  return {
    inputs: [rows.map],
    make: (site) => {
      const [input] = site.inputs;
      const { map, opening, weighted } = rows;
      const lengths = (one: GraphNode) => {
        const found = input === undefined ? undefined : shapeArithmetic(one.inputs[1] ?? '', map, input, view);
        return found?.shape.length === 1 ? found.values : undefined;
      };
      const shown = (found: readonly number[] | undefined) =>
        found === undefined ? 'a computed shape' : `[${found.map((length) => (length >= 0 ? length : '?')).join(', ')}]`;
      const before = lengths(opening);
      if (input?.rank !== 4 || before?.length !== 2 || before[1] !== input.channels)
        return site.refuse(
          opening,
          `lays a map out as ${shown(before)} for '${weighted.name}'`,
          'its places as rows, [N · H · W, C]',
        );
      // The Reshape gives the matrix and the layer their scope: `dense/Tensordot`, whose MatMul lies one deeper.
      const named: Site = {
        ...site,
        inputs: [{ ...input, rank: 2 }],
        name: (path, suffix) => site.name(path === weighted.name ? node.name : path, suffix),
      };
      const [first, ...others] = rows.make(named);
      const convolution = pointwise(first as Draft);
      const places = [input.height, input.width, convolution.variables[0]?.shape[3]];
      const behind = lengths(node);
      // The first length is N, whatever is written there: all the others are what they are.
      if (behind?.length !== 4 || places.some((length, at) => behind[at + 1] !== length))
        return site.refuse(
          node,
          `makes the rows of '${weighted.name}' ${shown(behind)}`,
          `places, ${shown([Number.NaN, ...(places as number[])])}`,
        );
      return [convolution, ...others];
    },
  };
}

/** [C, D] as [1, 1, C, D]. */
function pointwise({ layer, variables: [kernel, ...others] }: Draft): Draft {
  const { kind: _, ...dense } = layer as DenseLayer;
  return {
    layer: { ...dense, kind: 'conv', strides: [1, 1], dilations: [1, 1], padding: 'valid' },
    variables: kernel === undefined ? others : [{ ...kernel, shape: [1, 1, ...kernel.shape] }, ...others],
  };
}
