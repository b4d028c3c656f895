import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { UserError } from '../../errors.js';

/** One operation of an ONNX graph. */
export interface OnnxNode {
  op: string;
  /** Its name, or its first output where it has none: what an error shows. */
  name: string;
  inputs: string[];
  output: string;
  ints(attribute: string, absent: number[]): number[];
  int(attribute: string, absent: number): number;
  text(attribute: string, absent: string): string;
}

export interface OnnxTensor {
  shape: number[];
  values: Float32Array;
}

/** The parts of an ONNX model that a network is made of. */
export interface OnnxGraph {
  /** The graph's one input for images. */
  input: string;
  nodes: OnnxNode[];
  /** The float32 values of a constant. */
  constant(name: string): OnnxTensor;
  isConstant(name: string): boolean;
  /** The integers of a constant. */
  integers(name: string): number[];
}

const FLOAT = 1;
const INT64 = 7;

/** Reads the protobuf of an ONNX model. Bytes that are not one, or not all of one, are an error that names `where`. */
export function readOnnxGraph(bytes: Uint8Array, where: string): OnnxGraph {
  let model: Onnx.ModelProto;
  try {
    model = onnxProto.onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new UserError({
      where,
      what: 'this is not a whole ONNX file',
      found: `${bytes.length} bytes; ${error instanceof Error ? error.message : String(error)}`,
      mend: 'fetch it again',
    });
  }
  const graph = model.graph;
  if (!graph?.node || graph.node.length === 0)
    throw new UserError({ where, what: 'this ONNX file holds no graph', mend: 'fetch it again' });
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const inputs = (graph.input ?? []).map((value) => value.name ?? '').filter((name) => !constants.has(name));
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw new UserError({
      where,
      what: `the graph has ${inputs.length} inputs`,
      expected: 'one, for the images',
      found: inputs.join(', '),
    });
  }
  const tensor = (name: string): Onnx.ITensorProto => {
    const found = constants.get(name);
    if (!found)
      throw new UserError({ where, what: `'${name}' is not a constant of the graph`, expected: 'weights stored in the file' });
    return found;
  };
  return {
    input,
    nodes: graph.node.map(readNode),
    isConstant: (name) => constants.has(name),
    constant: (name) => ({ shape: (tensor(name).dims ?? []).map(Number), values: floats(tensor(name), where) }),
    integers: (name) => integers(tensor(name), where),
  };
}

function readNode(node: Onnx.INodeProto): OnnxNode {
  const attributes = new Map((node.attribute ?? []).map((attribute) => [attribute.name ?? '', attribute]));
  const output = node.output?.[0] ?? '';
  return {
    op: node.opType ?? '',
    name: node.name || output,
    inputs: node.input ?? [],
    output,
    ints: (name, absent) => attributes.get(name)?.ints?.map(Number) ?? absent,
    int: (name, absent) => {
      const value = attributes.get(name)?.i;
      return value === undefined || value === null ? absent : Number(value);
    },
    text: (name, absent) => {
      const value = attributes.get(name)?.s;
      return value === undefined || value === null ? absent : Buffer.from(value).toString('utf8');
    },
  };
}

function floats(tensor: Onnx.ITensorProto, where: string): Float32Array {
  if (tensor.dataType !== FLOAT) {
    throw new UserError({
      where,
      what: `the weights '${tensor.name ?? ''}' are of ONNX data type ${tensor.dataType ?? 0}`,
      expected: '1 (float32)',
    });
  }
  const size = (tensor.dims ?? []).map(Number).reduce((product, dim) => product * dim, 1);
  const raw = tensor.rawData;
  const values =
    raw && raw.length > 0
      ? new Float32Array(Uint8Array.from(raw.subarray(0, raw.length - (raw.length % 4))).buffer)
      : Float32Array.from(tensor.floatData ?? []);
  if (values.length !== size) {
    throw new UserError({
      where,
      what: `the weights '${tensor.name ?? ''}' are not whole`,
      expected: `${size} numbers`,
      found: `${values.length}`,
      mend: 'fetch it again',
    });
  }
  return values;
}

function integers(tensor: Onnx.ITensorProto, where: string): number[] {
  if (tensor.dataType !== INT64)
    throw new UserError({
      where,
      what: `the constant '${tensor.name ?? ''}' is of ONNX data type ${tensor.dataType ?? 0}`,
      expected: '7 (int64)',
    });
  const raw = tensor.rawData;
  if (!raw || raw.length === 0) return (tensor.int64Data ?? []).map(Number);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 8 }, (_, at) => Number(view.getBigInt64(8 * at, true)));
}
