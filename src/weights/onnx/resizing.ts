import type { OnnxGraph, OnnxNode } from './graph.js';

/** Operations that leave the image what it is, or only turn its axes. */
const PASSING = new Set(['Cast', 'Identity', 'Transpose']);

/**
 * The graph without the resizing that ft's own exports begin with (image-entry.ts): the image as planes between two products with matrices
 * of weights that depend on its size alone, rounded. What is left takes images of the size that the resizing makes.
 */
export function withoutResizing(graph: OnnxGraph): OnnxGraph {
  const { nodes, input } = graph;
  const givers = new Map(nodes.map((node) => [node.output, node]));
  const giver = (name: string | undefined, op: string): OnnxNode | undefined => {
    const node = givers.get(name ?? '');
    return node?.op === op ? node : undefined;
  };
  const isImage = (name: string): boolean => {
    let found = name;
    // ONNX has no cycles (see readOnnxGraph), so this comes to an end.
    for (let node = givers.get(found); node !== undefined && PASSING.has(node.op); node = givers.get(found))
      found = node.inputs[0] ?? '';
    return found === input.name;
  };
  for (const rounded of nodes) {
    const columns = rounded.op === 'Round' ? giver(rounded.inputs[0], 'MatMul') : undefined;
    const rows = giver(columns?.inputs[0], 'MatMul');
    const [down = '', planes = ''] = rows?.inputs ?? [];
    const side = isImage(planes) ? sideOf(down, graph, givers) : undefined;
    if (side === undefined) continue;
    const image = { ...input, shape: input.shape.map((extent, at) => (isSide(input.shape, at) ? side : extent)) };
    const passed = { ...rounded, op: 'Identity', inputs: [planes] };
    return { ...graph, input: image, nodes: nodes.map((node) => (node === rounded ? passed : node)) };
  }
  return graph;
}

/** Whether an axis of the image is its height or width: behind the batch, and not the colours. */
function isSide(shape: readonly unknown[], at: number): boolean {
  const colours = shape[1] === 3 ? 1 : 3;
  return at > 0 && at !== colours;
}

/** How many rows a matrix of weights has: those of the constant with the middles of the new places, [side, 1]. */
function sideOf(
  weights: string,
  { constants }: Pick<OnnxGraph, 'constants'>,
  givers: ReadonlyMap<string, OnnxNode>,
): number | undefined {
  const open = [weights];
  const seen = new Set(open);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const { shape } = constants.get(name) ?? {};
    if (shape?.length === 2 && shape[1] === 1) return shape[0];
    for (const one of givers.get(name)?.inputs ?? []) {
      if (seen.has(one)) continue;
      seen.add(one);
      open.push(one);
    }
  }
  return undefined;
}
