/** A part of a graph as the body of a function of its library. */
import type { GraphBuilder } from './builder.js';
import { outputReference } from './output-names.js';
import { sourceOf } from './pattern.js';
import { type AttrMessage, type DefinitionMessage, DT, messages, type NodeMessage } from './proto.js';

type TypeOf = (attribute: (name: string) => AttrMessage | undefined) => number;

const byItsAttribute: TypeOf = (attribute) => attribute('dtype')?.getType() ?? DT.float32;

/** What such a function takes as arguments: what is fed, the bytes of a batch, which are unpacked before, and variables. */
const ARGUMENTS: Readonly<Record<string, TypeOf>> = {
  Placeholder: byItsAttribute,
  DecodeRaw: (attribute) => attribute('out_type')?.getType() ?? DT.uint8,
  VarHandleOp: () => DT.resource,
};

/** An argument or a result. */
export interface Value {
  readonly name: string;
  readonly dtype: number;
}

/** What places of a graph are made of, down to what becomes an argument; nodes in the order of the graph. */
export interface Part {
  /** What it is given, with its type. */
  readonly given: readonly { readonly node: NodeMessage; readonly dtype: number }[];
  readonly inside: readonly NodeMessage[];
}

/** @param isGiven of which else the part is given the value (an operation with one output, and `dtype`) */
export function partOf(
  graph: GraphBuilder,
  ends: readonly string[],
  isGiven: (node: NodeMessage) => boolean = () => false,
): Part {
  const typeOf = (node: NodeMessage) => ARGUMENTS[node.getOp()] ?? (isGiven(node) ? byItsAttribute : undefined);
  const nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const reached = new Set<string>();
  const open = ends.map(sourceOf);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`the graph has no node '${name}'`);
    if (typeOf(node) === undefined) open.push(...node.getInputList().map(sourceOf));
  }
  const given: { node: NodeMessage; dtype: number }[] = [];
  const inside: NodeMessage[] = [];
  for (const node of nodes.values()) {
    if (!reached.has(node.getName())) continue;
    const type = typeOf(node);
    if (type === undefined) inside.push(node);
    else given.push({ node, dtype: type((name) => node.getAttrMap().get(name)) });
  }
  return { given, inside };
}

/**
 * The nodes of a part as they stand in a function.
 * @param references what the function calls each of what it is given, by name
 * @returns the nodes, and what the function calls a place of the graph
 */
export function inFunction(
  { inside }: Part,
  references: ReadonlyMap<string, string>,
): { nodes: NodeMessage[]; refer: (place: string) => string } {
  const operations = new Map(inside.map((node) => [node.getName(), node.getOp()]));
  const refer = (place: string): string => {
    const source = sourceOf(place);
    return (
      references.get(source) ?? outputReference(source, operations.get(source) ?? '', Number(/:(\d+)$/.exec(place)?.[1] ?? 0))
    );
  };
  const nodes = inside.map((node) => {
    const copy = node.cloneMessage();
    const inputs = node.getInputList().filter((place) => !place.startsWith('^') || !references.has(sourceOf(place)));
    copy.setInputList(inputs.map((place) => (place.startsWith('^') ? place : refer(place))));
    return copy;
  });
  return { nodes, refer };
}

/** A function of the library. @param results what the function calls them inside, in order */
export function definitionOf(
  name: string,
  args: readonly Value[],
  nodes: readonly NodeMessage[],
  results: readonly { readonly reference: string; readonly dtype: number }[],
): DefinitionMessage {
  const signature = new messages.OpDef();
  signature.setName(name);
  signature.setIsStateful(true);
  const arg = (called: string, dtype: number) => {
    const made = new messages.OpDef.ArgDef();
    made.setName(called);
    made.setType(dtype);
    return made;
  };
  for (const { name: called, dtype } of args) signature.addInputArg(arg(called, dtype));
  const definition = new messages.FunctionDef();
  results.forEach(({ reference, dtype }, at) => {
    signature.addOutputArg(arg(`output_${at}`, dtype));
    definition.getRetMap().set(`output_${at}`, reference);
  });
  definition.setSignature(signature);
  for (const node of nodes) definition.addNodeDef(node);
  return definition;
}
