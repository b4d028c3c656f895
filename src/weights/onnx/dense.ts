/** Gemm and MatMul: a dense layer on vectors, a 1 × 1 convolution on maps. */
import { permuted } from '../permute.js';
import type { Draft, Weights } from './draft.js';
import type { OnnxNode } from './graph.js';
import type { Constant } from './tensors.js';
import type { MapValue } from './values.js';
import { biasOf } from './windows.js';

export function readGemm(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  if (map.axes !== 'NC' || node.int('transA', 0) !== 0) draft.refuse(node, `multiplies ${map.axes}`, 'vectors, transA 0');
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const { rows, columns, values } = matrix(node, draft, node.int('transB', 0) === 1);
  const bias = scalarOrBias(node, columns, draft);
  return multiplied(node, map, rows, columns, scaled(values, alpha), draft, {
    ...(bias === undefined ? {} : { bias: { shape: [columns], values: scaled(bias, beta) } }),
  });
}

export function readMatMul(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  if (map.axes.at(-1) !== 'C' || (map.axes.length !== 2 && map.axes.length !== 4))
    draft.refuse(node, `multiplies ${map.axes} along its last axis`, 'the channels last');
  const { rows, columns, values } = matrix(node, draft, false);
  return multiplied(node, map, rows, columns, values, draft, {});
}

/** The weights as [in, out]. */
function matrix(node: OnnxNode, draft: Draft, turned: boolean): { rows: number; columns: number; values: Float32Array } {
  const weight: Constant = draft.weight(node, 1);
  if (weight.shape.length !== 2) draft.refuse(node, `has weights [${weight.shape}]`, 'rank 2');
  const [rows, columns] = (turned ? [...weight.shape].reverse() : weight.shape) as [number, number];
  const values = weight.values();
  return { rows, columns, values: turned ? permuted(values, weight.shape, [1, 0]) : values };
}

function scalarOrBias(node: OnnxNode, channels: number, draft: Draft): Float32Array | undefined {
  const given = draft.constant(node.inputs[2]);
  if (given?.shape.every((extent) => extent === 1) === true) return new Float32Array(channels).fill(given.values()[0] ?? 0);
  return biasOf(node, 2, channels, draft).bias?.values;
}

function scaled(values: Float32Array, factor: number): Float32Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}

function multiplied(
  node: OnnxNode,
  map: MapValue,
  rows: number,
  columns: number,
  values: Float32Array,
  draft: Draft,
  bias: Weights,
): MapValue {
  const ordered = map.flattened === undefined ? values : placesFirst(node, values, rows, columns, map, draft);
  // How long a flattened map is, the file may leave open.
  if (map.flattened === undefined && map.channels !== rows && !Number.isNaN(map.channels))
    draft.refuse(node, `has weights for ${rows} channels`, `${map.channels}, as many as its input has`);
  if (map.rank === 2) {
    const layer = draft.add(node, [map], { kind: 'dense' }, { kernel: { shape: [rows, columns], values: ordered }, ...bias });
    return { kind: 'map', layer, axes: map.axes, channels: columns, size: map.size, rank: 2, shared: false };
  }
  const layer = draft.add(
    node,
    [map],
    { kind: 'conv', strides: [1, 1], dilations: [1, 1], padding: 'valid' },
    { kernel: { shape: [1, 1, rows, columns], values: ordered }, ...bias },
  );
  return { ...map, layer, channels: columns, shared: false };
}

/**
 * Weights behind a flattened map, from the file's order of its inputs (channel by channel) to the network's (place by
 * place). Where the file leaves the image's size open, the map counts as square.
 */
function placesFirst(
  node: OnnxNode,
  values: Float32Array,
  rows: number,
  columns: number,
  map: MapValue,
  draft: Draft,
): Float32Array {
  const channels = map.flattened as number;
  const places = rows / channels;
  const square = Number.isInteger(Math.sqrt(places));
  const known = map.size === undefined ? undefined : map.size[0] * map.size[1];
  if (known === undefined ? !square : places !== known)
    draft.refuse(node, `has weights for ${rows} inputs`, `${channels} channels of ${known ?? 'n × n'} places`);
  return permuted(values, [channels, places, columns], [1, 0, 2]);
}
