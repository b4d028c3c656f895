import { attr, type GraphBuilder } from './builder.js';
import { orderOf } from './order.js';
import { sourceOf } from './pattern.js';
import { DT, type NodeMessage } from './proto.js';

/** Inputs of an operation that are maps or weights; the others are sizes. */
const DATA: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  DepthwiseConv2dNative: [0, 1],
  DepthwiseConv2dNativeBackpropInput: [1, 2],
  DepthwiseConv2dNativeBackpropFilter: [0, 2],
  BatchMatMulV2: [0, 1],
  BiasAdd: [0, 1],
  BiasAddGrad: [0],
  Relu: [0],
  Relu6: [0],
  ReluGrad: [0, 1],
  Relu6Grad: [0, 1],
  Add: [0, 1],
  AddV2: [0, 1],
  MaxPool: [0],
  MaxPoolGrad: [0, 1, 2],
  Pad: [0],
  PadV2: [0, 2],
  Slice: [0],
  StridedSlice: [0],
  Reshape: [0],
  Identity: [0],
};

/** The arithmetic that a matrix unit does. */
const HEAVY: ReadonlySet<string> = new Set(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter']);
/** Gradients of weights: they are summed in float32 inside, and leave as float32 for the optimizer. */
const OF_WEIGHTS: ReadonlySet<string> = new Set([
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
  'BatchMatMulV2',
  'BiasAddGrad',
]);

/**
 * What oneDNN has no bfloat16 kernel for and is many times slower in: the gradient of a strided depthwise convolution by its input,
 * and the one by a kernel of more than three places, which carries EXPLICIT padding (see runtime/ops/convolution.ts).
 */
function isSlowInHalf(node: NodeMessage): boolean {
  const attributes = node.getAttrMap();
  switch (node.getOp()) {
    case 'DepthwiseConv2dNativeBackpropInput':
      return (attributes.get('strides')?.getList()?.getIList() ?? []).some((stride) => stride > 1);
    case 'DepthwiseConv2dNativeBackpropFilter':
      return Buffer.from(attributes.get('padding')?.getS_asU8() ?? []).toString() === 'EXPLICIT';
    default:
      return false;
  }
}

/**
 * Lets convolutions run in bfloat16, and keeps their maps in it through depthwise convolutions, biases, activations, sums and pools,
 * so that a map is converted where it enters and leaves such a chain and nowhere between. All else stays in float32: variables, the
 * fold of BatchNorm, pooled features, head, loss, distances, gradients of weights as the optimizer takes them, and the two gradients
 * of depthwise convolutions that are slow in bfloat16.
 *
 * A pass over the nodes of a graph: an operation that is heavy becomes bfloat16; a light one does where a map that it takes is. Then casts are put
 * where the types of an edge's ends differ, one for each value and type.
 * @param fetched places that are read from outside: they keep their type
 */
export function toMixedPrecision(graph: GraphBuilder, fetched: ReadonlySet<string>): void {
  const nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const half = halfNodes(nodes, fetched);
  for (const name of half) nodes.get(name)?.getAttrMap().set('T', attr.type(DT.bfloat16));
  const casts = new Map<string, string>();
  const cast = (place: string, to: number): string => {
    const key = `${place} ${to}`;
    const known = casts.get(key);
    if (known !== undefined) return known;
    const from = to === DT.bfloat16 ? DT.float32 : DT.bfloat16;
    const made = graph.node('Cast', 'precision/cast', [place], { SrcT: attr.type(from), DstT: attr.type(to) });
    casts.set(key, made);
    return made;
  };
  for (const node of nodes.values()) {
    const own = half.has(node.getName());
    const data = own ? (DATA[node.getOp()] as readonly number[]) : undefined;
    const inputs = node.getInputList();
    const turned = inputs.map((place, at) => {
      const source = place.startsWith('^') ? undefined : sourceOf(place);
      if (source === undefined) return place;
      const given = half.has(source);
      if (own && data?.includes(at) && !given) return cast(place, DT.bfloat16);
      if (!own && given) return cast(place, DT.float32);
      return place;
    });
    if (turned.some((place, at) => place !== inputs[at])) graph.setInputs(node, turned);
  }
}

/** Names of the nodes that run in bfloat16. */
function halfNodes(nodes: ReadonlyMap<string, NodeMessage>, fetched: ReadonlySet<string>): Set<string> {
  const isFloat = (node: NodeMessage) => node.getAttrMap().get('T')?.getType() === DT.float32;
  const half = new Set<string>();
  const kept = new Set([...fetched].map(sourceOf));
  const inOrder = orderOf(nodes);
  // Forward once is enough: a light operation depends on what comes before it alone.
  for (const node of inOrder) {
    const op = node.getOp();
    const name = node.getName();
    const data = DATA[op];
    if (data === undefined || kept.has(name) || !isFloat(node) || isSlowInHalf(node)) continue;
    const carries = (at: number) => {
      const source = nodes.get(sourceOf(node.getInputList()[at] ?? ''));
      return source !== undefined && half.has(source.getName()) && !OF_WEIGHTS.has(source.getOp());
    };
    if (HEAVY.has(op) || data.some(carries)) half.add(name);
  }
  return half;
}
