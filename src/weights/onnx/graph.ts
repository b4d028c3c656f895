import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import { UserError } from '../../errors.js';
import type { Preprocessing } from '../../network/network.js';
import { BYTES } from '../input-scale.js';
import { shown } from '../pytorch/bytes.js';
import { type Constant, constantOf, type ExternalData } from './tensors.js';
import { toldPreprocessing } from './told.js';

/** One operation of an ONNX graph. */
export interface OnnxNode {
  /** The operation; with its domain where that is not ONNX's own. */
  readonly op: string;
  /** Its name, or its first output where it has none: what an error shows. */
  readonly name: string;
  /** Names of tensors; an optional one that is left out is ''. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** What it puts out beside that, e.g. the mask of a Dropout. */
  readonly others: readonly string[];
  ints(attribute: string, absent: readonly number[]): readonly number[];
  int(attribute: string, absent: number): number;
  float(attribute: string, absent: number): number;
  text(attribute: string, absent: string): string;
  tensor(attribute: string): Constant | undefined;
  has(attribute: string): boolean;
}

/** The parts of an ONNX model that a network is made of. */
export interface OnnxGraph {
  readonly where: string;
  /** The graph's one input for images, and its extents; undefined where the file leaves one open. */
  readonly input: { readonly name: string; readonly shape: readonly (number | undefined)[] };
  readonly outputs: readonly string[];
  /** The version of ONNX's operations. */
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  /** What the input is made of RGB by, where a file of ft's says it, or the input is whole numbers: then it is RGB itself. */
  readonly told?: Preprocessing;
}

/** ONNX' numbers of the types of whole numbers: uint8, int8, uint16, int16, int32, int64. */
const WHOLE = new Set([2, 3, 4, 5, 6, 7]);

/** The versions of ONNX's operations whose meaning ft knows. */
const OPSETS = [7, 21] as const;

/**
 * Reads the protobuf of an ONNX model. ONNX demands that nodes stand in topological order and that each tensor comes from one
 * place: a graph that is not so, one with a cycle among them, is refused.
 * @throws UserError that names `where`, also for bytes that are no ONNX model, or not all of one
 */
export function readOnnxGraph(bytes: Uint8Array, where: string, external: ExternalData): OnnxGraph {
  const model = decode(bytes, where);
  const graph = model.graph;
  if (!graph?.node || graph.node.length === 0)
    throw new UserError({ where, what: 'this ONNX file holds no graph', mend: 'fetch it again' });
  const opset = Number(model.opsetImport?.find(({ domain }) => isOnnx(domain))?.version ?? 0);
  if (!(opset >= OPSETS[0] && opset <= OPSETS[1])) {
    throw new UserError({
      where,
      what: `the model is of opset ${opset}`,
      expected: `${OPSETS[0]} to ${OPSETS[1]}`,
      mend: 'onnx.version_converter.convert_version(model, 17)',
    });
  }
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', constantOf(tensor, where, external)]));
  const nodes = graph.node.map((node) => readNode(node, where, external));
  const input = imageInput(graph, constants, where);
  checkOrder(nodes, new Set([input.name, ...constants.keys()]), where);
  const told = toldPreprocessing(model.metadataProps ?? []) ?? (input.whole ? BYTES : undefined);
  const outputs = (graph.output ?? []).map(({ name }) => name ?? '');
  return { where, input, outputs, opset, nodes, constants, ...(told === undefined ? {} : { told }) };
}

function decode(bytes: Uint8Array, where: string): Onnx.ModelProto {
  try {
    // From a Buffer the reader takes views; from other bytes it copies.
    return onnxProto.onnx.ModelProto.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw new UserError({
      where,
      what: 'this is not a whole ONNX file',
      found: `${bytes.length} bytes; ${error instanceof Error ? error.message : String(error)}`,
      mend: 'fetch it again',
    });
  }
}

function imageInput(
  graph: Onnx.IGraphProto,
  constants: ReadonlyMap<string, unknown>,
  where: string,
): OnnxGraph['input'] & { readonly whole: boolean } {
  // Before IR version 4 the weights stood among the inputs too.
  const inputs = (graph.input ?? []).filter(({ name }) => !constants.has(name ?? ''));
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw new UserError({
      where,
      what: `the graph has ${inputs.length} inputs`,
      expected: 'one, for the images',
      found: inputs
        .slice(0, 10)
        .map(({ name }) => name ?? '')
        .join(', '),
    });
  }
  const dims = input.type?.tensorType?.shape?.dim ?? [];
  const shape = dims.slice(0, 8).map(({ dimValue }) => {
    const extent = dimValue === undefined || dimValue === null ? 0 : Number(dimValue);
    return extent > 0 && extent <= 1e5 ? extent : undefined;
  });
  return { name: input.name ?? '', shape, whole: WHOLE.has(input.type?.tensorType?.elemType ?? 0) };
}

function checkOrder(nodes: readonly OnnxNode[], known: Set<string>, where: string): void {
  for (const node of nodes) {
    const missing = node.inputs.find((name) => name !== '' && !known.has(name));
    if (missing !== undefined)
      throw new UserError({
        where,
        what: `${describeNode(node)} takes ${shown(missing)}, which nothing before it gives`,
        expected: 'weights, the input, or what an earlier node puts out (ONNX has no cycles)',
      });
    for (const name of [node.output, ...node.others]) {
      if (name !== '' && known.has(name))
        throw new UserError({ where, what: `${describeNode(node)} gives ${shown(name)}, which is there already` });
      known.add(name);
    }
  }
}

/** An operation as an error shows it. */
export function describeNode({ op, name }: { op: string; name: string }): string {
  return `${shown(op).slice(1, -1)} ${shown(name)}`;
}

function isOnnx(domain: string | null | undefined): boolean {
  return !domain || domain === 'ai.onnx';
}

function readNode(node: Onnx.INodeProto, where: string, external: ExternalData): OnnxNode {
  const attributes = new Map((node.attribute ?? []).map((attribute) => [attribute.name ?? '', attribute]));
  const [output = '', ...others] = node.output ?? [];
  return {
    op: isOnnx(node.domain) ? (node.opType ?? '') : `${node.domain}.${node.opType}`,
    name: node.name || output,
    inputs: node.input ?? [],
    output,
    others,
    ints: (name, absent) => attributes.get(name)?.ints?.map(Number) ?? absent,
    int: (name, absent) => numberOr(attributes.get(name)?.i, absent),
    float: (name, absent) => numberOr(attributes.get(name)?.f, absent),
    text: (name, absent) => {
      const value = attributes.get(name)?.s;
      return value === undefined || value === null ? absent : Buffer.from(value).toString('utf8');
    },
    tensor: (name) => {
      const value = attributes.get(name)?.t;
      return value === undefined || value === null ? undefined : constantOf(value, where, external);
    },
    has: (name) => attributes.has(name),
  };
}

function numberOr(value: unknown, absent: number): number {
  return value === undefined || value === null ? absent : Number(value);
}
