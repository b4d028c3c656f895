import type { Head } from '../../heads/head.js';
import { unitLength } from '../../losses/distances.js';
import { forward, globalPool, type Lookup, normalise } from '../../network/forward.js';
import { attr, type GraphBuilder } from '../../runtime/graph/builder.js';
import { DT } from '../../runtime/graph/proto.js';
import { addBias } from '../../runtime/ops/bias.js';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from '../../runtime/tensorflow.js';
import { Recorder } from '../../runtime/trace/recorder.js';
import type { ExportedClassifier, FinishedModel } from '../model.js';
import { resized } from '../resize.js';
import type { SavedVariable } from './checkpoint.js';
import { FunctionGraph } from './function.js';
import type { SavedFunction } from './write.js';

const HEAD = { kernel: 'head/kernel', bias: 'head/bias' } as const;
const CLASSIFIER = { kernel: 'classifier/kernel', bias: 'classifier/bias' } as const;
type HeadNames = typeof HEAD | typeof CLASSIFIER;

/** Every variable of an exported model, those of its heads with them. */
export function savedVariables(
  { network, weights, head }: FinishedModel,
  classifier: ExportedClassifier | null,
): SavedVariable[] {
  return [
    ...[...network.variables.values()].map(({ name, role, shape, values }) => ({
      name,
      shape,
      values: weights[name] ?? values,
      trainable: role !== 'mean' && role !== 'variance',
    })),
    ...(head === null ? [] : headVariables(head, HEAD)),
    ...(classifier === null ? [] : headVariables(classifier.head, CLASSIFIER)),
  ];
}

function headVariables({ kernel, bias, inputs, outputs }: Head, names: HeadNames): SavedVariable[] {
  return [
    { name: names.kernel, shape: [inputs, outputs], values: kernel, trainable: true },
    { name: names.bias, shape: [outputs], values: bias, trainable: true },
  ];
}

/** What comes out of a function: embeddings of unit length, or a classifier's answer. */
export type Result = 'embedding' | 'classes';

/**
 * `serving_default` takes `image`, uint8 [batch, H, W, 3] RGB of any height and width; `from_bytes` takes `bytes`, a string [batch] with the bytes
 * of a JPEG, PNG, GIF or BMP each. Both give the `result`: `embedding`, or `probabilities` [batch, classes], `label` [batch], the most
 * probable one's name, and `labels`, all names in their order. Beside embeddings, `classify` takes `image` and gives the classes.
 */
export function signaturesOf(
  model: FinishedModel,
  classifier: ExportedClassifier | null,
  result: Result,
): Record<string, SavedFunction> {
  const of = (enter: Enter, leave: Leave, calls: SavedFunction['calls'] = []): SavedFunction => {
    const body = new FunctionGraph();
    return { function: body, outputs: leave(body, enter(body, model), model), calls };
  };
  const classes: Leave = (body, images) => classesOf(body, images, model, classifier as ExportedClassifier);
  const results = { embedding: embeddingOf, classes };
  return {
    serving_default: of(pixelsIn, results[result]),
    from_bytes: of(bytesIn, results[result], [decodeFunction(model.side)]),
    ...(result === 'embedding' && classifier !== null ? { classify: of(pixelsIn, classes) } : {}),
  };
}

type Enter = (body: FunctionGraph, model: FinishedModel) => string;
type Leave = (body: FunctionGraph, images: string, model: FinishedModel) => SavedFunction['outputs'];

const embeddingOf: Leave = (body, images, model) => {
  const { head, network } = model;
  const place = traced(body, images, model, (pooled, variable) =>
    unitLength(head === null ? pooled : applied(pooled, head, HEAD, variable)),
  );
  return { embedding: { place, dtype: DT.float32, shape: [-1, head?.outputs ?? network.features] } };
};

function classesOf(
  body: FunctionGraph,
  images: string,
  model: FinishedModel,
  { head, labels }: ExportedClassifier,
): SavedFunction['outputs'] {
  const { graph } = body;
  const classes = labels.length;
  const probabilities = traced(body, images, model, (pooled, variable) =>
    tf.softmax(applied(pooled, head, CLASSIFIER, variable)),
  );
  const names = graph.strings('labels', [classes], labels);
  const best = graph.node('ArgMax', 'best', [probabilities, int(graph, 'axis', 1)], {
    T: attr.type(DT.float32),
    Tidx: attr.type(DT.int32),
    output_type: attr.type(DT.int64),
  });
  const label = graph.node('GatherV2', 'label', [names, best, int(graph, 'first', 0)], {
    Tparams: attr.type(DT.string),
    Tindices: attr.type(DT.int64),
    Taxis: attr.type(DT.int32),
    batch_dims: attr.int(0),
  });
  return {
    probabilities: { place: probabilities, dtype: DT.float32, shape: [-1, classes] },
    label: { place: label, dtype: DT.string, shape: [-1] },
    labels: { place: names, dtype: DT.string, shape: [classes] },
  };
}

const pixelsIn: Enter = (body, { side }) =>
  resized(body.graph, floats(body, body.input('image', DT.uint8, [-1, -1, -1, 3])), side);

const bytesIn: Enter = (body, { side }) =>
  body.graph.node('MapDefun', 'decoded', [body.input('bytes', DT.string, [-1])], {
    Targuments: attr.list('type', [DT.string]),
    Tcaptured: attr.list('type', []),
    output_types: attr.list('type', [DT.float32]),
    output_shapes: attr.list('shape', [[side, side, 3]]),
    f: attr.func(DECODE),
    max_intra_op_parallelism: attr.int(1),
  });

const DECODE = '__inference_decode_image';

/** The bytes of one image → side × side × 3 RGB of 0 … 255. */
function decodeFunction(side: number) {
  const body = new FunctionGraph();
  const { graph } = body;
  const bytes = body.input('bytes', DT.string, []);
  const pixels = graph.node('DecodeImage', 'pixels', [bytes], {
    channels: attr.int(3),
    dtype: attr.type(DT.uint8),
    expand_animations: attr.bool(false),
  });
  const one = graph.node('ExpandDims', 'one', [pixels, int(graph, 'axis', 0)], {
    T: attr.type(DT.uint8),
    Tdim: attr.type(DT.int32),
  });
  const shape = graph.constant('shape', DT.int32, [3], new Uint8Array(Int32Array.of(side, side, 3).buffer));
  const image = graph.node('Reshape', 'image', [resized(graph, floats(body, one), side), shape], {
    T: attr.type(DT.float32),
    Tshape: attr.type(DT.int32),
  });
  return body.definition(DECODE, { image: { place: image, dtype: DT.float32, shape: [side, side, 3] } });
}

function floats({ graph }: FunctionGraph, bytes: string): string {
  return graph.node('Cast', 'float', [bytes], {
    SrcT: attr.type(DT.uint8),
    DstT: attr.type(DT.float32),
    Truncate: attr.bool(false),
  });
}

function int(graph: GraphBuilder, name: string, value: number): string {
  return graph.constant(name, DT.int32, [], new Uint8Array(Int32Array.of(value).buffer));
}

function applied(pooled: Tensor2D, { inputs, outputs }: Head, names: HeadNames, variable: Read): Tensor2D {
  return addBias(tf.matMul(pooled, variable(names.kernel, [inputs, outputs])), variable(names.bias, [outputs])) as Tensor2D;
}

/** The value of a variable inside the function. */
type Read = (name: string, shape: readonly number[]) => Tensor;

/** Writes the backbone's pooled features of images [batch, side, side, 3] and what is made of them; gives the place of the latter. */
function traced(
  body: FunctionGraph,
  images: string,
  { network, side }: FinishedModel,
  end: (pooled: Tensor2D, variable: Read) => Tensor,
): string {
  const recorder = new Recorder(body.graph, 'model/', { foldLimit: Number.POSITIVE_INFINITY });
  return recorder.during(() => {
    const symbols = new Map<string, Tensor>();
    const read: Read = (name, shape) => {
      const symbol = symbols.get(name) ?? recorder.symbol(body.variable(name, shape), shape, DT.float32);
      symbols.set(name, symbol);
      return symbol;
    };
    const lookup: Lookup = (name) => {
      const variable = network.variables.get(name);
      if (variable === undefined) throw new Error(`the network has no variable '${name}'`);
      return read(name, variable.shape);
    };
    const pixels = recorder.symbol(images, [-1, side, side, 3], DT.float32) as Tensor4D;
    const pooled = globalPool(forward(network, normalise(pixels, network.preprocessing), lookup));
    return recorder.place(end(pooled as Tensor2D, read));
  });
}
