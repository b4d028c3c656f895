import { nearestName, UserError } from '../../errors.js';
import { type GraphNode, plainReference, splitReference, type TensorflowGraph } from './graph.js';
import { poolsGlobally } from './match-map.js';
import { spokenNames } from './names.js';
import { nodesBelow } from './order.js';
import { targetRank } from './shape-arithmetic.js';
import { GraphView } from './view.js';

/**
 * The node whose output is the feature map: the one that `wanted` names (in full, or short as a layer is), else what the
 * last global pooling below the model's outputs takes, else what the last flattening takes, else the model's first output.
 */
export function featureMap(graph: TensorflowGraph, wanted: string | undefined, where: string): string {
  if (wanted !== undefined) return named(graph, wanted, where);
  const outputs = graph.outputs.length > 0 ? graph.outputs : ends(graph);
  const [first] = outputs;
  if (first === undefined)
    throw new UserError({ where, what: 'the graph puts nothing out', mend: 'fetch or convert the model again' });
  const order = nodesBelow(graph, outputs, where);
  const view = new GraphView(graph, order, first, where);
  const pool = order.findLast((node) => poolsGlobally(node, view)) ?? flattening(order, view);
  return pool === undefined ? first : view.source(pool.inputs[0] ?? '');
}

/** The last flattening: what is laid out as a matrix, and does not become a map again. */
function flattening(order: readonly GraphNode[], view: GraphView): GraphNode | undefined {
  const rows = new Set<string>();
  return order.findLast((node) => {
    const flat = node.op === 'Reshape' && view.constant(node.name) === undefined && targetRank(node, view) === 2;
    if (flat && !rows.has(node.name)) return true;
    const made = node.op === 'ExpandDims' || (node.op === 'Reshape' && !flat);
    if (made || rows.has(node.name))
      for (const input of made ? node.inputs.slice(0, 1) : node.inputs) rows.add(splitReference(view.source(input))[0]);
    return false;
  });
}

function named(graph: TensorflowGraph, wanted: string, where: string): string {
  const reference = plainReference(wanted);
  if (graph.nodes.has(splitReference(reference)[0])) return reference;
  const maps = [...graph.nodes.values()].filter((node) => graph.constant(node) === undefined);
  const short = wanted.replaceAll('/', '_');
  const found = maps.findLast((node) => spokenNames(node.name).some((name) => name === short || name.endsWith(`_${short}`)));
  if (found !== undefined) return found.name;
  const names = maps.map((node) => node.name);
  const near = nearestName(wanted, names);
  throw new UserError({
    where,
    what: `there is no node '${wanted}' in the graph`,
    expected: `one of its ${names.length} nodes, among the last: ${names.slice(-10).join(', ')}`,
    ...(near === undefined ? {} : { mend: `did you mean '${near}'?` }),
  });
}

/** The nodes that nothing takes. */
function ends(graph: TensorflowGraph): string[] {
  const taken = new Set([...graph.nodes.values()].flatMap((node) => node.inputs.map((input) => splitReference(input)[0])));
  return [...graph.nodes.values()]
    .filter((node) => !taken.has(node.name) && node.inputs.length > 0 && node.op !== 'NoOp')
    .map((node) => node.name);
}
