import type { onnx as Onnx } from 'onnx-proto';

/** Nodes that onnxruntime computes in integers between QuantizeLinear and DequantizeLinear. */
const INTEGER = new Set(['Conv', 'Gemm', 'Add', 'Concat', 'MaxPool', 'Pad']);
/** Of these a number out is a number in, or 0: its codes are the same. */
const SAME_CODES = new Set(['MaxPool', 'Pad']);
/** What a convolution's rounding does by itself: below the range there is no code. */
const CUTS = new Set(['Relu', 'Clip']);

/** What of a graph is computed in integers. */
export interface QuantizationPlan {
  /** Nodes whose inputs and outputs are codes. */
  readonly nodes: ReadonlySet<Onnx.INodeProto>;
  /** Tensors that are rounded to codes. */
  readonly tensors: readonly string[];
  /** Tensors whose codes are those of another, by name. */
  readonly same: ReadonlyMap<string, string>;
}

/**
 * Which nodes of a float graph are computed in integers, and which tensors are rounded for it: what those nodes take and put out, behind a
 * ReLU that nothing else stands before.
 * @param layers tensors that the nodes in question put out
 * @see onnxruntime's quantize_static with QuantFormat.QDQ, which does the same
 */
export function planQuantization({ node, initializer, output }: Onnx.IGraphProto, layers: ReadonlySet<string>): QuantizationPlan {
  const nodes = node ?? [];
  const constants = new Set(initializer?.map(({ name }) => name));
  const ends = new Set(output?.map(({ name }) => name));
  const consumers = new Map<string, Onnx.INodeProto[]>();
  for (const one of nodes) for (const name of one.input ?? []) consumers.set(name, [...(consumers.get(name) ?? []), one]);
  const chosen = new Set<Onnx.INodeProto>();
  const tensors = new Set<string>();
  const same = new Map<string, string>();
  for (const one of nodes) {
    const [op, place] = [one.opType ?? '', one.output?.[0] ?? ''];
    if (!layers.has(place) || !INTEGER.has(op)) continue;
    const inputs = (one.input ?? []).filter((name) => !constants.has(name));
    // A product or sum with weights, as a scale for each channel is written.
    if ((op === 'Add' || op === 'Concat') && inputs.length < (one.input ?? []).length) continue;
    chosen.add(one);
    for (const name of inputs) tensors.add(name);
    const next = consumers.get(place) ?? [];
    const [cut] = next;
    const behind =
      next.length === 1 && cut !== undefined && CUTS.has(cut.opType ?? '') && !SAME_CODES.has(op) && !ends.has(place)
        ? (cut.output?.[0] ?? '')
        : place;
    if (!ends.has(behind)) tensors.add(behind);
    if (SAME_CODES.has(op)) same.set(behind, inputs[0] ?? '');
  }
  return { nodes: chosen, tensors: [...tensors], same };
}
