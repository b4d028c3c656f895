import { UserError } from '../../errors.js';
import { type GraphNode, plainReference, splitReference, textOf } from './graph.js';

/** A network of a thousand layers has some ten thousand nodes; functions that call each other twice grow without end. */
const MOST_NODES = 300_000;
const CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall']);

/** A function as a file of TensorFlow has it: inside it a reference is an argument, or `node:name:index`. */
export interface GraphFunction {
  readonly arguments: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly results: readonly string[];
}

/** A graph with the functions that it may call, each read where it is called. */
export interface GraphWithFunctions {
  readonly nodes: readonly GraphNode[];
  readonly functions: ReadonlyMap<string, () => GraphFunction>;
}

/**
 * The nodes of a graph with the functions that it calls written out, in the order of the file: the nodes of a call stand under the call's
 * name, and the call itself hands on their results as an IdentityN. A function that calls itself, and one that is missing, are errors.
 */
export function inlineFunctions(graph: GraphWithFunctions, where: string): ReadonlyMap<string, GraphNode> {
  const bodies = new Map<string, GraphFunction>();
  const bodyOf = (call: GraphNode): GraphFunction => {
    const name = textOf(call, 'f', '');
    const known = bodies.get(name);
    if (known !== undefined) return known;
    const found = graph.functions.get(name);
    if (found === undefined)
      throw new UserError({ where, what: `${call.op} '${call.name}' calls '${name}', which is not in the file` });
    const body = inGraph(found());
    bodies.set(name, body);
    return body;
  };
  const nodes = new Map<string, GraphNode>();
  const open: { node: GraphNode; callers: readonly string[] }[] = graph.nodes.map((node) => ({ node, callers: [] })).reverse();
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { node, callers } = item;
    if (!CALLS.has(node.op)) {
      nodes.set(node.name, node);
      continue;
    }
    const name = textOf(node, 'f', '');
    if (callers.includes(name)) throw new UserError({ where, what: `the function '${name}' calls itself, at '${node.name}'` });
    const body = bodyOf(node);
    if (nodes.size + open.length + body.nodes.length > MOST_NODES)
      throw new UserError({ where, what: 'the functions written out have too many nodes', expected: `at most ${MOST_NODES}` });
    const inputs = new Map(body.arguments.map((argument, at) => [argument, node.inputs[at] ?? '']));
    const outer = (reference: string): string => inputs.get(reference) ?? `${node.name}/${reference}`;
    nodes.set(node.name, { ...node, op: 'IdentityN', inputs: body.results.map(outer) });
    for (const inner of body.nodes.toReversed())
      open.push({
        node: { ...inner, name: `${node.name}/${inner.name}`, inputs: inner.inputs.map(outer) },
        callers: [...callers, name],
      });
  }
  return nodes;
}

/** A function whose references are those of a graph. */
function inGraph(found: GraphFunction): GraphFunction {
  const ops = new Map(found.nodes.map((node) => [node.name, node.op]));
  return {
    arguments: found.arguments,
    results: found.results.map((result) => graphReference(result, ops)),
    nodes: found.nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => graphReference(input, ops)) })),
  };
}

/**
 * Inside a function an output is `node:name:index`. The operations read here have one name for all their outputs, but
 * FusedBatchNorm, of whose outputs only `y` is a map.
 */
function graphReference(reference: string, ops: ReadonlyMap<string, string>): string {
  const [rest, index] = splitReference(reference);
  const colon = rest.lastIndexOf(':');
  if (colon < 0) return reference;
  const [node, output] = [rest.slice(0, colon), rest.slice(colon + 1)];
  const second = (ops.get(node) ?? '').startsWith('FusedBatchNorm') && output !== 'y';
  return plainReference(`${node}:${second ? index + 1 : index}`);
}
