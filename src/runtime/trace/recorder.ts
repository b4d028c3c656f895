import { attr, type GraphBuilder } from '../graph/builder.js';
import { sourceOf } from '../graph/pattern.js';
import { type AttrMessage, DT } from '../graph/proto.js';
import { backend, binding, type NodeBackend, type OpAttribute, type Tensor, type TensorInfo, tf } from '../tensorflow.js';
import type { NodeNote } from './inspection.js';
import { type Inferred, type Known, shapeRule } from './shapes/registry.js';
import { callers, sourceLine } from './source-line.js';

/** What cannot be written into a graph, and the line that did it. */
export class TraceError extends Error {
  constructor(what: string, line: string) {
    super(`${what}, at ${line}`);
    this.name = 'TraceError';
  }
}

/** An int64 scalar as tfjs-node passes it: it has no data id. */
type Operand = TensorInfo | { valueArray: Int32Array };

/** Operations on constants alone are run at once while their result is small; larger ones become nodes. */
const FOLD_LIMIT = 16384;
/** Bytes of a constant that is looked up among those before it. */
const SMALL = 64;
const RANDOM = /\b(random(Uniform|Normal|Gamma|StandardNormal)(Int)?|truncatedNormal|dropout|multinomial)_/;

/** Operations of ours that have no attribute `T`. */
const UNTYPED = new Set([
  'LogicalAnd',
  'LogicalOr',
  'LogicalNot',
  'All',
  'Any',
  'Cast',
  'GatherV2',
  'ImageProjectiveTransformV3',
  'Range',
  'StatelessRandomUniform',
  'StatelessRandomNormal',
]);

const DTYPES: Record<string, number> = { float32: DT.float32, int32: DT.int32, bool: DT.bool, string: DT.string };

/**
 * Writes the operations that tfjs asks of the node backend into a graph instead of running them. A tensor that depends on an
 * input or on the state is symbolic: it has a shape and a type, inferred, and no values, so tracing costs no memory and no
 * time. Reading one, drawing random numbers in JS, or an operation whose shapes we cannot infer is an error with its line.
 */
export class Recorder {
  /** Where each tensor stands in the graph, by the data id that tfjs gives it. */
  private readonly places = new WeakMap<object, string>();
  private readonly symbols = new WeakSet<object>();
  private readonly constants = new Map<string, string>();
  private readonly node: NodeBackend = backend();
  /** The one that operations are recorded by at the moment. */
  private static active: Recorder | undefined;
  /** What is known of each node; where it comes from only when asked for. */
  readonly notes = new Map<string, NodeNote>();
  private readonly keepLines: boolean;
  private readonly foldLimit: number;

  /**
   * @param prefix put before the names of nodes
   * @param options `keepLines` remembers where each node comes from; `foldLimit` is the largest result (in elements) of operations
   * on constants alone that is computed while tracing
   */
  constructor(
    readonly graph: GraphBuilder,
    private readonly prefix: string,
    options: { keepLines?: boolean; foldLimit?: number } = {},
  ) {
    this.keepLines = options.keepLines ?? false;
    this.foldLimit = options.foldLimit ?? FOLD_LIMIT;
  }

  /** A tensor without values that stands for the output `place` of the graph. */
  symbol(place: string, shape: readonly number[], dtype: number): Tensor {
    const tensor = this.node.createOutputTensor({ id: -1, dtype, shape: [...shape] });
    this.places.set(tensor.dataId, place);
    this.symbols.add(tensor.dataId);
    return tensor;
  }

  isSymbolic(tensor: TensorInfo): boolean {
    return this.symbols.has(tensor.dataId);
  }

  /** The graph's name for a tensor; one that is no symbol becomes a constant. */
  place(tensor: TensorInfo): string {
    const known = this.places.get(tensor.dataId);
    if (known !== undefined) return known;
    const dtype = DTYPES[tensor.dtype];
    if (dtype === undefined || dtype === DT.string)
      throw new TraceError(`a constant of type ${tensor.dtype} cannot be traced`, sourceLine());
    const data = NodeRead.call(this.node, tensor.dataId) as Float32Array | Int32Array | Uint8Array;
    const bytes =
      tensor.dtype === 'bool' ? Uint8Array.from(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    const place = this.constant(dtype, tensor.shape, bytes);
    this.places.set(tensor.dataId, place);
    return place;
  }

  /** A constant of the graph; small ones that are equal are one, so that what is made of them is seen to be equal too. */
  private constant(dtype: number, shape: readonly number[], bytes: Uint8Array): string {
    const make = () => this.graph.constant(`${this.prefix}const`, dtype, shape, bytes);
    if (bytes.length > SMALL) return make();
    const key = `${dtype} [${shape}] ${Buffer.from(bytes).toString('hex')}`;
    const known = this.constants.get(key) ?? make();
    this.constants.set(key, known);
    return known;
  }

  /**
   * `x` itself, which in a traced graph is not there before `earlier` is. What is computed of it is then neither begun sooner nor taken
   * to be what was computed of `x` before. No gradient flows.
   */
  static after<T extends Tensor>(x: T, earlier: Tensor): T {
    const { active } = Recorder;
    if (active === undefined || !active.isSymbolic(x)) return x;
    const dtype = DTYPES[x.dtype] as number;
    const places = [active.place(x), `^${sourceOf(active.place(earlier))}`];
    const name = active.graph.node('Identity', `${active.prefix}after`, places, { T: attr.type(dtype) });
    return active.symbol(name, x.shape, dtype) as T;
  }

  /**
   * `x` on the device with that number: what is computed of it alone is computed there (see graph/place.ts). No gradient flows. Outside
   * a trace there is one device, and it is `x` itself.
   */
  static on<T extends Tensor>(x: T, device: number): T {
    const { active } = Recorder;
    if (active === undefined) return x;
    const dtype = DTYPES[x.dtype] as number;
    const name = active.graph.node('Identity', `${active.prefix}on${device}`, [active.place(x)], { T: attr.type(dtype) });
    active.graph.pinned.set(name, device);
    return active.symbol(name, x.shape, dtype) as T;
  }

  /** Runs `body` with the backend's doors turned towards this recorder. */
  during<T>(body: () => T): T {
    const node = this.node as NodeBackend & Record<string, unknown>;
    const random = Math.random;
    const depth = Error.stackTraceLimit;
    const before = Recorder.active;
    Recorder.active = this;
    // A line of the person's own code lies below a dozen frames of tfjs.
    Error.stackTraceLimit = 60;
    node.executeSingleOutput = (op, attributes, inputs) => this.record(op, attributes, inputs, 1)[0] as Tensor;
    node.executeMultipleOutputs = (op, attributes, inputs, outputs) => this.record(op, attributes, inputs, outputs);
    node.readSync = (id) => {
      if (this.symbols.has(id))
        throw new TraceError(
          'a traced function read the values of a tensor (dataSync, arraySync, …), which are not known before the graph runs',
          sourceLine(),
        );
      return NodeRead.call(this.node, id);
    };
    node.getInputTensorIds = (tensors) => {
      for (const tensor of tensors)
        if (this.symbols.has(tensor.dataId))
          throw new TraceError('an operation that goes around the tracer was asked of a traced tensor', sourceLine());
      return NodeIds.call(this.node, tensors);
    };
    node.write = (values: unknown, shape: number[], dtype: string) => {
      if (callers().some((name) => RANDOM.test(name)))
        throw new TraceError(
          'a random draw in JS would be the same in every step (use the stateless random operations of runtime/ops)',
          sourceLine(),
        );
      return NodeWrite.call(this.node, values, shape, dtype);
    };
    Math.random = () => {
      throw new TraceError('a traced function called Math.random: the number would be the same in every step', sourceLine());
    };
    tf.engine().startScope('trace');
    try {
      return body();
    } finally {
      tf.engine().endScope();
      Recorder.active = before;
      Math.random = random;
      Error.stackTraceLimit = depth;
      for (const name of ['executeSingleOutput', 'executeMultipleOutputs', 'readSync', 'getInputTensorIds', 'write'])
        delete node[name];
    }
  }

  private record(op: string, attributes: readonly OpAttribute[], inputs: readonly Operand[], count: number): Tensor[] {
    const symbolic = inputs.some((input) => 'dataId' in input && this.symbols.has(input.dataId));
    const inferred = this.infer(op, attributes, inputs);
    if (!symbolic && (inferred === undefined || inferred.every((output) => size(output.shape) <= this.foldLimit))) {
      return NodeExecute.call(this.node, op, [...attributes], inputs as readonly TensorInfo[], count);
    }
    if (inferred === undefined)
      throw new TraceError(`the operation ${op} is not covered by the tracer (its shapes are not known)`, sourceLine());
    const places = inputs.map((input) => ('dataId' in input ? this.place(input) : this.int64(input.valueArray)));
    const messages = Object.fromEntries(attributes.map((one) => [one.name, attributeMessage(one)]));
    // Run by themselves, operations take their type from their inputs, and tfjs leaves it out in places; a graph wants it written.
    const source = inputs[0];
    if (messages.T === undefined && source !== undefined && 'dataId' in source && !UNTYPED.has(op))
      messages.T = attr.type(DTYPES[source.dtype] ?? DT.float32);
    const name = this.graph.node(op, `${this.prefix}${op}`, places, messages);
    this.notes.set(name, { line: this.keepLines ? sourceLine() : '', shapes: inferred.map(({ shape }) => shape) });
    const first = inputs[0] !== undefined && 'dataId' in inputs[0] ? (DTYPES[inputs[0].dtype] ?? DT.float32) : DT.float32;
    return inferred
      .slice(0, count)
      .map((output, index) => this.symbol(index === 0 ? name : `${name}:${index}`, output.shape, output.dtype ?? first));
  }

  private infer(op: string, attributes: readonly OpAttribute[], inputs: readonly Operand[]): readonly Inferred[] | undefined {
    const rule = shapeRule(op);
    if (rule === undefined) return undefined;
    const known = inputs.map((input): Known => {
      if (!('dataId' in input)) return { shape: [], dtype: DT.int64, values: () => [...input.valueArray] };
      return {
        shape: input.shape,
        dtype: DTYPES[input.dtype] ?? DT.float32,
        values: () => {
          if (this.symbols.has(input.dataId))
            throw new TraceError(
              `${op} takes a shape or an axis from a traced tensor, which is not known before the graph runs`,
              sourceLine(),
            );
          return [...(NodeRead.call(this.node, input.dataId) as Int32Array)];
        },
      };
    });
    try {
      return rule(known, new Map(attributes.map((one) => [one.name, one.value])));
    } catch (error) {
      if (error instanceof TraceError) throw error;
      throw new TraceError(`${op}: ${(error as Error).message}`, sourceLine());
    }
  }

  private int64(values: Int32Array): string {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(values[0] ?? 0));
    return this.constant(DT.int64, [], new Uint8Array(bytes));
  }
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function attributeMessage({ name, type, value }: OpAttribute): AttrMessage {
  const native = binding();
  const list = Array.isArray(value);
  switch (type) {
    case native.TF_ATTR_STRING:
      return list ? attr.list('string', value) : attr.string(String(value));
    case native.TF_ATTR_INT:
      return list ? attr.list('int', value) : attr.int(value as number);
    case native.TF_ATTR_FLOAT:
      return list ? attr.list('float', value) : attr.float(value as number);
    case native.TF_ATTR_BOOL:
      return list ? attr.list('bool', value) : attr.bool(Boolean(value));
    case native.TF_ATTR_TYPE:
      return list ? attr.list('type', value) : attr.type(value as number);
    case native.TF_ATTR_SHAPE:
      return attr.shape(value as number[]);
    default:
      throw new TraceError(`the attribute ${name} has a kind that cannot be traced`, sourceLine());
  }
}

// The backend's own methods, taken from its class so that they work while an instance's are turned away.
type Prototype = NodeBackend & { write(values: unknown, shape: number[], dtype: string): object };
const prototype = Object.getPrototypeOf(backend()) as Prototype;
const NodeRead = prototype.readSync;
const NodeIds = prototype.getInputTensorIds;
const NodeWrite = prototype.write;
/** Runs an operation for real, whatever the instance's methods are turned to. */
function NodeExecute(
  this: NodeBackend,
  op: string,
  attributes: OpAttribute[],
  inputs: readonly TensorInfo[],
  count: number,
): Tensor[] {
  const outputs = this.binding.executeOp(op, attributes, NodeIds.call(this, inputs), count);
  return outputs.map((metadata) => this.createOutputTensor(metadata));
}
