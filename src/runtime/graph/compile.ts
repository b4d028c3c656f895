import { attr, type GraphBuilder } from './builder.js';
import { outputReference } from './output-names.js';
import { sourceOf } from './pattern.js';
import { type AttrMessage, DT, messages, type NodeMessage } from './proto.js';

/** What a compiled function takes as arguments: what is fed, the bytes of the batch, which XLA has no strings for, and variables. */
const ARGUMENTS: Readonly<Record<string, (attribute: (name: string) => AttrMessage | undefined) => number>> = {
  Placeholder: (attribute) => attribute('dtype')?.getType() ?? DT.float32,
  DecodeRaw: (attribute) => attribute('out_type')?.getType() ?? DT.uint8,
  VarHandleOp: () => DT.resource,
};

/**
 * Lets XLA compile what `outputs` are made of as one program: its nodes become a function of the graph's library, and one node calls it.
 * Elementwise operations are fused with each other, and on a card the host starts one program where it started thousands of kernels.
 * The first call compiles, which takes from seconds to minutes. All outputs are computed, wanted or not, so that there is one program.
 *
 * TensorFlow calls the function `_XlaMustCompile`: an operation that XLA has no kernel for is an error and not silently left out.
 * @param ends the nodes of the outputs, an `Identity` each, by the outputs' names
 * @returns the places of the outputs, by their names
 */
export function compileWhole(graph: GraphBuilder, name: string, ends: ReadonlyMap<string, string>): Map<string, string> {
  const nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const { inside, given } = split(nodes, [...ends.values()]);
  const outputs = [...ends].map(([key, place]) => ({ key, place, dtype: typeOf(nodes.get(place) as NodeMessage) }));
  const argumentOf = new Map(given.map((node, at) => [node.getName(), `argument_${at}`]));
  const refer = (place: string): string => {
    const source = sourceOf(place);
    const argument = argumentOf.get(source);
    if (argument !== undefined) return argument;
    return outputReference(source, nodes.get(source)?.getOp() ?? '', Number(/:(\d+)$/.exec(place)?.[1] ?? 0));
  };
  const signature = new messages.OpDef();
  signature.setName(`${name}_compiled`);
  signature.setIsStateful(true);
  for (const node of given) signature.addInputArg(arg(argumentOf.get(node.getName()) as string, typeOfArgument(node)));
  const definition = new messages.FunctionDef();
  outputs.forEach(({ place, dtype }, at) => {
    signature.addOutputArg(arg(`output_${at}`, dtype));
    definition.getRetMap().set(`output_${at}`, refer(place));
  });
  definition.setSignature(signature);
  for (const node of inside) {
    const copy = node.cloneMessage();
    copy.setInputList(
      node
        .getInputList()
        .filter((place) => !place.startsWith('^') || !argumentOf.has(sourceOf(place)))
        .map((place) => (place.startsWith('^') ? place : refer(place))),
    );
    definition.addNodeDef(copy);
  }
  graph.define(definition);
  const call = graph.node(
    'StatefulPartitionedCall',
    `${name}/compiled`,
    given.map((node) => node.getName()),
    {
      Tin: attr.list('type', given.map(typeOfArgument)),
      Tout: attr.list(
        'type',
        outputs.map(({ dtype }) => dtype),
      ),
      f: attr.func(`${name}_compiled`),
      config: attr.string(''),
      config_proto: attr.string(''),
      executor_type: attr.string(''),
      _XlaMustCompile: attr.bool(true),
    },
  );
  return new Map(
    outputs.map(({ key, dtype }, at) => [
      key,
      graph.node('Identity', `${name}/compiled/out`, [`${call}:${at}`], { T: attr.type(dtype) }),
    ]),
  );
}

const typeOf = (node: NodeMessage): number => (node.getAttrMap().get('T') as AttrMessage).getType();

const typeOfArgument = (node: NodeMessage): number =>
  (ARGUMENTS[node.getOp()] as (typeof ARGUMENTS)[string])((name) => node.getAttrMap().get(name));

function arg(name: string, dtype: number) {
  const made = new messages.OpDef.ArgDef();
  made.setName(name);
  made.setType(dtype);
  return made;
}

/** What the ends are made of, down to what becomes an argument; both in the order of the graph. */
function split(
  nodes: ReadonlyMap<string, NodeMessage>,
  ends: readonly string[],
): { inside: NodeMessage[]; given: NodeMessage[] } {
  const reached = new Set<string>();
  const open = [...ends];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`the graph has no node '${name}'`);
    if (!(node.getOp() in ARGUMENTS)) open.push(...node.getInputList().map(sourceOf));
  }
  const used = [...nodes.values()].filter((node) => reached.has(node.getName()));
  return {
    inside: used.filter((node) => !(node.getOp() in ARGUMENTS)),
    given: used.filter((node) => node.getOp() in ARGUMENTS),
  };
}
