import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Head } from '../heads/head.js';
import { unitLength } from '../losses/distances.js';
import { forward, globalPool, normalise } from '../network/forward.js';
import type { Network } from '../network/network.js';
import { attr, GraphBuilder } from '../runtime/graph/builder.js';
import { DT } from '../runtime/graph/proto.js';
import { addBias } from '../runtime/ops/bias.js';
import { Session } from '../runtime/session.js';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { Recorder } from '../runtime/trace/recorder.js';

/** A finished model: a backbone with its trained values, and the head that makes the embedding (null: pooled features). */
export interface FinishedModel {
  readonly network: Network;
  readonly weights: Readonly<Record<string, Float32Array>>;
  readonly head: Head | null;
  readonly side: number;
}

/** What comes out of an exported model: embeddings of unit length, or a classifier's probabilities (softmax of its head). */
export type ExportOutput = 'embedding' | 'probabilities';

const INPUT = 'serving_default_images';

/**
 * Writes a SavedModel with frozen constants: input `images`, uint8 [batch, side, side, 3] RGB, any batch; output `embedding`,
 * float32 [batch, dimensions] of unit length, or `probabilities`, float32 [batch, classes]; the preprocessing is inside.
 * BatchNorm is folded into the convolutions.
 */
export async function writeSavedModel(model: FinishedModel, folder: string, output: ExportOutput = 'embedding'): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'saved_model.pb'), savedModelBytes(model, output));
}

export function savedModelBytes({ network, weights, head, side }: FinishedModel, output: ExportOutput = 'embedding'): Uint8Array {
  const graph = new GraphBuilder();
  const shape = [-1, side, side, 3];
  const images = graph.placeholder(INPUT, DT.uint8, shape);
  const float = graph.node('Cast', 'float', [images], {
    SrcT: attr.type(DT.uint8),
    DstT: attr.type(DT.float32),
    Truncate: attr.bool(false),
  });
  // Everything that depends on constants alone (scaled kernels, folded BatchNorm) is computed now.
  const recorder = new Recorder(graph, 'model/', { foldLimit: Number.POSITIVE_INFINITY });
  const dimensions = recorder.during(() => {
    const pixels = recorder.symbol(float, shape, DT.float32) as Tensor4D;
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
    const pooled = globalPool(forward(network, normalise(pixels, network.preprocessing), lookup));
    const projected = head === null ? pooled : applyHead(pooled, head);
    const result = output === 'embedding' ? unitLength(projected) : (tf.softmax(projected) as Tensor2D);
    graph.node('Identity', output, [recorder.place(result)], { T: attr.type(DT.float32) });
    return result.shape[1];
  });
  return graph.savedModel('serve', {
    inputs: { images: { tensor: `${INPUT}:0`, dtype: DT.uint8, shape } },
    outputs: { [output]: { tensor: `${output}:0`, dtype: DT.float32, shape: [-1, dimensions] } },
  });
}

function applyHead(pooled: Tensor2D, head: Head): Tensor2D {
  return addBias(tf.matMul(pooled, tf.tensor2d(head.kernel, [head.inputs, head.outputs])), tf.tensor1d(head.bias)) as Tensor2D;
}

/** An exported model, loaded again. */
export class LoadedSavedModel {
  private readonly session: Session;

  constructor(
    folder: string,
    private readonly side: number,
    private readonly output: ExportOutput = 'embedding',
  ) {
    this.session = Session.fromFolder(folder, 'serve');
  }

  /** The output for `count` images given as RGB bytes, row-major. */
  run(pixels: Uint8Array, count: number): Float32Array {
    return this.session.run(
      [{ name: INPUT, values: pixels, shape: [count, this.side, this.side, 3] }],
      [this.output],
    )[0] as Float32Array;
  }

  close(): void {
    this.session.close();
  }
}
