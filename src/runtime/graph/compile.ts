import { definitionOf, inFunction, partOf } from './as-function.js';
import { attr, type GraphBuilder } from './builder.js';
import type { AttrMessage, NodeMessage } from './proto.js';

/** What runs on a device of its own is no part of the program: rows of a table in the machine's memory. */
const isElsewhere = (node: NodeMessage): boolean => node.getDevice() !== '';

/**
 * Lets XLA compile what `outputs` are made of as one program: its nodes become a function of the graph's library, and one node calls it.
 * Elementwise operations are fused with each other, and on a card the host starts one program where it started thousands of kernels.
 * The first call compiles, which takes from seconds to minutes. All outputs are computed, wanted or not, so that there is one program.
 * The batch is unpacked before: XLA has no strings.
 *
 * TensorFlow calls the function `_XlaMustCompile`: an operation that XLA has no kernel for is an error and not silently left out.
 * @param ends the nodes of the outputs, an `Identity` each, by the outputs' names
 * @returns the places of the outputs, by their names
 */
export function compileWhole(graph: GraphBuilder, name: string, ends: ReadonlyMap<string, string>): Map<string, string> {
  const part = partOf(graph, [...ends.values()], isElsewhere);
  const byName = new Map(part.inside.map((node) => [node.getName(), node]));
  const outputs = [...ends].map(([key, place]) => ({ key, place, dtype: typeOf(byName.get(place) as NodeMessage) }));
  const args = part.given.map(({ dtype }, at) => ({ name: `argument_${at}`, dtype }));
  const names = part.given.map(({ node }) => node.getName());
  const { nodes, refer } = inFunction(part, new Map(names.map((given, at) => [given, `argument_${at}`])));
  const results = outputs.map(({ place, dtype }) => ({ reference: refer(place), dtype }));
  graph.define(definitionOf(`${name}_compiled`, args, nodes, results));
  const call = graph.node('StatefulPartitionedCall', `${name}/compiled`, names, {
    Tin: attr.list(
      'type',
      args.map(({ dtype }) => dtype),
    ),
    Tout: attr.list(
      'type',
      outputs.map(({ dtype }) => dtype),
    ),
    f: attr.func(`${name}_compiled`),
    config: attr.string(''),
    config_proto: attr.string(''),
    executor_type: attr.string(''),
    _XlaMustCompile: attr.bool(true),
  });
  return new Map(
    outputs.map(({ key, dtype }, at) => [
      key,
      graph.node('Identity', `${name}/compiled/out`, [`${call}:${at}`], { T: attr.type(dtype) }),
    ]),
  );
}

const typeOf = (node: NodeMessage): number => (node.getAttrMap().get('T') as AttrMessage).getType();
