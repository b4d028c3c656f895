import type { onnx as Onnx } from 'onnx-proto';
import { type Steps, stepsOf } from '../quantize.js';
import { type ChannelCodes, quantizeChannels } from '../quantize-channels.js';
import { GraphParts } from './graph-parts.js';
import type { QuantizationPlan } from './quantize-plan.js';

/** The least and the largest number of a tensor, by its name. */
export type Ranges = ReadonlyMap<string, readonly [number, number]>;

/**
 * A float graph with what is planned in integers, in QDQ form: each planned tensor passes QuantizeLinear (uint8, one scale and zero point) and
 * DequantizeLinear, each kernel is int8 with a scale for each output channel, each bias int32 of input scale × kernel scale. A
 * runtime fuses those with the node between to integer arithmetic, or computes the same in floats.
 * @param ranges of every planned tensor whose codes are its own
 * @see the ONNX operators QuantizeLinear-13 and DequantizeLinear-13
 */
export function quantizedGraph(graph: Onnx.IGraphProto, plan: QuantizationPlan, ranges: Ranges): Onnx.IGraphProto {
  const parts = new GraphParts();
  const constants = new Map((graph.initializer ?? []).map((tensor) => [tensor.name ?? '', tensor]));
  const planned = new Set(plan.tensors);
  const known = new Map<string, Steps>();
  const steps = (tensor: string): Steps => {
    const found = known.get(tensor);
    if (found !== undefined) return found;
    const source = plan.same.get(tensor);
    const range = ranges.get(tensor);
    if (source === undefined && range === undefined) throw new Error(`no range of '${tensor}' was measured`);
    const own = source === undefined ? stepsOf(range as readonly [number, number]) : steps(source);
    // As the graph has it: a bias is counted in these steps.
    const made = { ...own, scale: Math.fround(own.scale) };
    known.set(tensor, made);
    return made;
  };
  const round = (tensor: string) => {
    if (!planned.has(tensor)) return;
    const { scale, zero } = steps(tensor);
    const how = [
      parts.floats(`${tensor}/scale`, [], Float32Array.of(scale)),
      parts.codes(`${tensor}/zero_point`, [], Uint8Array.of(zero)),
    ];
    parts.node('QuantizeLinear', [tensor, ...how], `${tensor}/codes`);
    parts.node('DequantizeLinear', [`${tensor}/codes`, ...how], `${tensor}/rounded`);
  };
  for (const { name } of graph.input ?? []) round(name ?? '');
  for (const node of graph.node ?? []) {
    const [first = '', ...rest] = (node.input ?? []).map((name) => (planned.has(name) ? `${name}/rounded` : name));
    const weighted = plan.nodes.has(node) && (node.opType === 'Conv' || node.opType === 'Gemm');
    const inputs = weighted ? weights(node, constants, steps(node.input?.[0] ?? '').scale, parts) : rest;
    parts.nodes.push({ ...node, input: [first, ...inputs] });
    round(node.output?.[0] ?? '');
  }
  const used = new Set(parts.nodes.flatMap(({ input }) => input ?? []));
  const left = (graph.initializer ?? []).filter(({ name }) => used.has(name ?? ''));
  return { ...graph, node: parts.nodes, initializer: [...left, ...parts.initializers] };
}

/** Kernel and bias of a Conv [out, in, h, w] or a Gemm [in, out] as codes; gives the names of what they are turned back into. */
function weights(
  { name, input, opType }: Onnx.INodeProto,
  constants: ReadonlyMap<string, Onnx.ITensorProto>,
  inputScale: number,
  parts: GraphParts,
): string[] {
  const [, kernelName = '', biasName] = input ?? [];
  const kernel = constants.get(kernelName) as Onnx.ITensorProto;
  const shape = (kernel.dims ?? []).map(Number);
  const axis = opType === 'Conv' ? 0 : 1;
  const channels = shape[axis] as number;
  const inner = shape.slice(axis + 1).reduce((product, extent) => product * extent, 1);
  const bias = biasName === undefined ? null : floats(constants.get(biasName) as Onnx.ITensorProto);
  const coded: ChannelCodes = quantizeChannels(
    floats(kernel),
    channels,
    (place) => Math.floor(place / inner) % channels,
    bias,
    inputScale,
  );
  const turnedBack = (role: string, codes: string, scales: Float32Array, along: number, zeros: readonly string[] = []) =>
    parts.node(
      'DequantizeLinear',
      [codes, parts.floats(`${name}/${role}/scales`, [channels], scales), ...zeros],
      `${name}/${role}/rounded`,
      { axis: along },
    );
  // Said though they are 0: where none are, onnxruntime (1.30) gives a Gemm's uint8 kernel one in place of one for each channel.
  const zeros = parts.codes(`${name}/kernel/zero_points`, [channels], new Int8Array(channels));
  const kernelCodes = parts.codes(`${name}/kernel/codes`, shape, coded.codes);
  const kernelBack = turnedBack('kernel', kernelCodes, coded.scales, axis, [zeros]);
  if (coded.bias === null) return [kernelBack];
  const biasCodes = parts.codes(`${name}/bias/codes`, [channels], coded.bias);
  return [kernelBack, turnedBack('bias', biasCodes, coded.biasScales, 0)];
}

function floats({ rawData }: Onnx.ITensorProto): Float32Array {
  return new Float32Array(Uint8Array.from(rawData ?? []).buffer);
}
