import { type GraphNode, splitReference, type TensorflowGraph } from './graph.js';

/**
 * The graph without the resizing that ft's own exports begin with (export/resize.ts): images as channels first, between two products with
 * matrices of weights that depend on their size alone, rounded, channels last again. Its input then has the size that it makes.
 */
export function withoutResizing(graph: TensorflowGraph): TensorflowGraph {
  const { nodes } = graph;
  const behind = (reference: string | undefined): GraphNode | undefined => {
    let node = nodes.get(splitReference(reference ?? '')[0]);
    for (let left = nodes.size; left > 0 && node !== undefined && /^IdentityN?$/.test(node.op); left--) {
      const [, output] = splitReference(reference ?? '');
      reference = node.inputs[node.op === 'Identity' ? 0 : output];
      node = nodes.get(splitReference(reference ?? '')[0]);
    }
    return node;
  };
  const isOf = (node: GraphNode | undefined, op: string): node is GraphNode => node?.op === op;
  const replaced = new Map<string, GraphNode>();
  for (const node of nodes.values()) {
    if (node.op !== 'Transpose') continue;
    const rounded = behind(node.inputs[0]);
    const columns = isOf(rounded, 'Round') ? behind(rounded.inputs[0]) : undefined;
    const rows = isOf(columns, 'BatchMatMulV2') ? behind(columns.inputs[0]) : undefined;
    const entered = isOf(rows, 'BatchMatMulV2') ? behind(rows.inputs[1]) : undefined;
    // Grappler moves the bytes before it makes floats of them.
    const cast = isOf(entered, 'Cast') ? entered : undefined;
    const planes = cast === undefined ? entered : behind(cast.inputs[0]);
    if (!isOf(rows, 'BatchMatMulV2') || !isOf(planes, 'Transpose')) continue;
    const source = planes.inputs[0] as string;
    if (cast !== undefined) replaced.set(planes.name, { ...planes, op: 'Identity', inputs: [source] });
    replaced.set(node.name, { ...node, op: 'Identity', inputs: [cast?.name ?? source] });
    const side = sideOf(rows.inputs[0] as string, graph, behind);
    const image = placeholderBehind(source, behind);
    if (side !== undefined && image !== undefined)
      replaced.set(image.name, { ...image, attributes: new Map([...image.attributes, ['shape', [-1, side, side, 3]]]) });
  }
  return replaced.size === 0 ? graph : { ...graph, nodes: new Map([...nodes, ...replaced]) };
}

type Behind = (reference: string | undefined) => GraphNode | undefined;

/** How many rows a matrix of weights has: those of the constant with the middles of the new places, [side, 1]. */
function sideOf(weights: string, { constant }: TensorflowGraph, behind: Behind): number | undefined {
  const open = [behind(weights)];
  const seen = new Set<string>();
  for (let node = open.pop(); node !== undefined || open.length > 0; node = open.pop()) {
    if (node === undefined || seen.has(node.name)) continue;
    seen.add(node.name);
    const shape = node.op === 'Const' ? constant(node)?.shape : undefined;
    if (shape?.length === 2 && shape[1] === 1) return shape[0];
    open.push(...node.inputs.map(behind));
  }
  return undefined;
}

function placeholderBehind(reference: string, behind: Behind): GraphNode | undefined {
  let node = behind(reference);
  if (node?.op === 'Cast') node = behind(node.inputs[0]);
  return node?.op === 'Placeholder' ? node : undefined;
}
