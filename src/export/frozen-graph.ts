import type { Head } from '../heads/head.js';
import { unitLength } from '../losses/distances.js';
import { forward, globalPool, normalise } from '../network/forward.js';
import { attr, GraphBuilder } from '../runtime/graph/builder.js';
import { DT } from '../runtime/graph/proto.js';
import { addBias } from '../runtime/ops/bias.js';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { Recorder } from '../runtime/trace/recorder.js';
import type { FinishedModel } from './model.js';
import { resized } from './resize.js';

/** The name of what a frozen graph takes. */
export const IMAGE = 'image';

/**
 * A finished model as one graph with constants: `image`, int32 [batch, H, W, 3] RGB of 0 … 255 and of any size in, resizing and preprocessing
 * inside. All that depends on constants alone (scaled kernels, folded BatchNorm) is computed now.
 * @param head what follows the pooled features
 * @param end the output's name: an `embedding` is of unit length, `probabilities` are a softmax
 */
export function frozenGraph(
  { network, weights, side }: FinishedModel,
  head: Head | null,
  end: 'embedding' | 'probabilities',
): { graph: GraphBuilder; length: number } {
  const graph = new GraphBuilder();
  const image = graph.placeholder(IMAGE, DT.int32, [-1, -1, -1, 3]);
  const float = graph.node('Cast', 'float', [image], {
    SrcT: attr.type(DT.int32),
    DstT: attr.type(DT.float32),
    Truncate: attr.bool(false),
  });
  const small = resized(graph, float, side);
  const recorder = new Recorder(graph, 'model/', { foldLimit: Number.POSITIVE_INFINITY });
  const length = recorder.during(() => {
    const pixels = recorder.symbol(small, [-1, side, side, 3], DT.float32) as Tensor4D;
    const constants = new Map<string, Tensor>();
    const lookup = (name: string): Tensor => {
      const known = constants.get(name);
      if (known !== undefined) return known;
      const variable = network.variables.get(name);
      if (variable === undefined) throw new Error(`the network has no variable '${name}'`);
      const tensor = tf.tensor(weights[name] ?? variable.values, [...variable.shape]);
      constants.set(name, tensor);
      return tensor;
    };
    const pooled = globalPool(forward(network, normalise(pixels, network.preprocessing), lookup)) as Tensor2D;
    const projected = head === null ? pooled : applied(pooled, head);
    const result = end === 'embedding' ? unitLength(projected) : (tf.softmax(projected) as Tensor2D);
    graph.node('Identity', end, [recorder.place(result)], { T: attr.type(DT.float32) });
    return result.shape[1];
  });
  return { graph, length };
}

function applied(pooled: Tensor2D, { kernel, bias, inputs, outputs }: Head): Tensor2D {
  return addBias(tf.matMul(pooled, tf.tensor2d(kernel, [inputs, outputs])), tf.tensor1d(bias)) as Tensor2D;
}
