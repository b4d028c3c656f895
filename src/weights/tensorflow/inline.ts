import { UserError } from '../../errors.js';
import { dataInputs, type GraphNode, plainReference, splitReference, textOf } from './graph.js';
import type { ReadFunction, ReadGraph, ReadNode } from './messages.js';
import { readAttributes } from './proto-node.js';

/** A network of a thousand layers has some ten thousand nodes; functions that call each other twice grow without end. */
const MOST_NODES = 300_000;
const CALLS = new Set(['PartitionedCall', 'StatefulPartitionedCall']);

interface Body {
  readonly arguments: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly results: readonly string[];
}

/**
 * The nodes of a graph with the functions that it calls written out: the nodes of a call stand under the call's name, and
 * the call itself hands on their results as an IdentityN. A function that calls itself, and one that is missing, are errors.
 */
export function inlineFunctions(graph: ReadGraph, where: string): ReadonlyMap<string, GraphNode> {
  const library = new Map((graph.getLibrary()?.getFunctionList() ?? []).map((one) => [one.getSignature()?.getName() ?? '', one]));
  const bodies = new Map<string, Body>();
  const bodyOf = (call: GraphNode): Body => {
    const name = textOf(call, 'f', '');
    const known = bodies.get(name);
    if (known !== undefined) return known;
    const found = library.get(name);
    if (found === undefined)
      throw new UserError({ where, what: `${call.op} '${call.name}' calls '${name}', which is not in the file` });
    const body = readBody(found, where);
    bodies.set(name, body);
    return body;
  };
  const nodes = new Map<string, GraphNode>();
  const open: { node: GraphNode; callers: readonly string[] }[] = graph
    .getNodeList()
    .map((node) => ({ node: readNode(node, where), callers: [] }));
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
    for (const inner of body.nodes)
      open.push({
        node: { ...inner, name: `${node.name}/${inner.name}`, inputs: inner.inputs.map(outer) },
        callers: [...callers, name],
      });
  }
  return nodes;
}

function readNode(node: ReadNode, where: string): GraphNode {
  return {
    name: node.getName(),
    op: node.getOp(),
    inputs: dataInputs(node.getInputList()),
    attributes: readAttributes(node, where),
  };
}

function readBody(found: ReadFunction, where: string): Body {
  const signature = found.getSignature();
  const nodes = found.getNodeDefList().map((node) => readNode(node, where));
  const ops = new Map(nodes.map((node) => [node.name, node.op]));
  const results = found.getRetMap();
  return {
    arguments: (signature?.getInputArgList() ?? []).map((argument) => argument.getName()),
    results: (signature?.getOutputArgList() ?? []).map((output) => graphReference(results.get(output.getName()) ?? '', ops)),
    nodes: nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => graphReference(input, ops)) })),
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
