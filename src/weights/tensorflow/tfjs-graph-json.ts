import { z } from 'zod';
import { DT } from '../../runtime/graph/proto.js';
import type { NamedTensor } from '../named-tensor.js';
import { type Attribute, dataInputs, type GraphNode } from './graph.js';
import type { GraphFunction, GraphWithFunctions } from './inline.js';

const number = z.union([z.number(), z.string()]);
const shape = z.looseObject({ dim: z.array(z.looseObject({ size: number.nullish() })).nullish() });
const list = z.looseObject({ i: z.array(number).nullish(), f: z.array(number).nullish(), s: z.array(z.string()).nullish() });
const attribute = z.looseObject({
  i: number.nullish(),
  f: number.nullish(),
  b: z.boolean().nullish(),
  s: z.string().nullish(),
  type: number.nullish(),
  shape: shape.nullish(),
  list: list.nullish(),
  func: z.looseObject({ name: z.string() }).nullish(),
});

/** A node of a GraphDef in protobuf's JSON: integers may be strings, strings are base64, data types go by name. */
const nodeSchema = z.looseObject({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).nullish(),
  attr: z.record(z.string(), attribute).nullish(),
});

const argument = z.looseObject({ name: z.string() });
const functionSchema = z.looseObject({
  signature: z.looseObject({ name: z.string(), inputArg: z.array(argument).nullish(), outputArg: z.array(argument).nullish() }),
  nodeDef: z.array(nodeSchema).nullish(),
  ret: z.record(z.string(), z.string()).nullish(),
});

/** A GraphDef with its library of functions. */
export const topologySchema = z.looseObject({
  node: z.array(nodeSchema).min(1),
  library: z.looseObject({ function: z.array(functionSchema).nullish() }).nullish(),
});

const TYPES: ReadonlyMap<string, number> = new Map([
  ['DT_FLOAT', DT.float32],
  ['DT_DOUBLE', DT.float64],
  ['DT_INT32', DT.int32],
  ['DT_UINT8', DT.uint8],
  ['DT_STRING', DT.string],
  ['DT_INT64', DT.int64],
  ['DT_BOOL', DT.bool],
  ['DT_BFLOAT16', DT.bfloat16],
  ['DT_HALF', DT.float16],
]);

/**
 * The graph of a tfjs model. Constants, those inside functions too, have no numbers of their own: they are the weights of their names.
 */
export function readJsonGraph(
  { node, library }: z.infer<typeof topologySchema>,
  weights: ReadonlyMap<string, NamedTensor>,
): GraphWithFunctions {
  const nodes = (found: readonly z.infer<typeof nodeSchema>[]): GraphNode[] => found.map((one) => readNode(one, weights));
  const read = ({ signature, nodeDef, ret }: z.infer<typeof functionSchema>): GraphFunction => ({
    arguments: (signature.inputArg ?? []).map(({ name }) => name),
    nodes: nodes(nodeDef ?? []),
    results: (signature.outputArg ?? []).map(({ name }) => ret?.[name] ?? ''),
  });
  return {
    nodes: nodes(node),
    functions: new Map((library?.function ?? []).map((one) => [one.signature.name, () => read(one)])),
  };
}

function readNode(node: z.infer<typeof nodeSchema>, weights: ReadonlyMap<string, NamedTensor>): GraphNode {
  const attributes = new Map<string, Attribute>();
  for (const [key, value] of Object.entries(node.attr ?? {})) {
    const read = readAttribute(value);
    if (read !== undefined) attributes.set(key, read);
  }
  const weight = node.op === 'Const' ? weights.get(node.name) : undefined;
  if (weight !== undefined) attributes.set('value', weight);
  return { name: node.name, op: node.op, inputs: dataInputs(node.input ?? []), attributes };
}

function readAttribute(value: z.infer<typeof attribute>): Attribute | undefined {
  if (value.b != null) return value.b;
  if (value.s != null) return text(value.s);
  if (value.i != null) return Number(value.i);
  if (value.f != null) return Number(value.f);
  if (value.type != null) return typeof value.type === 'number' ? value.type : (TYPES.get(value.type) ?? -1);
  if (value.func != null) return value.func.name;
  if (value.shape != null) return (value.shape.dim ?? []).map(({ size }) => Number(size ?? 0));
  if (value.list != null) return value.list.s?.map(text) ?? (value.list.i ?? value.list.f ?? []).map(Number);
  return undefined;
}

const text = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');
