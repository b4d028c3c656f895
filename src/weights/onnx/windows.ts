/** Convolutions and pools: what slides a window over a map. */
import type { Padding } from '../../network/network.js';
import { plainPadding } from '../explicit-padding.js';
import { permuted } from '../permute.js';
import { axesOf } from './constants.js';
import { type Draft, type LayerFields, sizeBehind, type Weights } from './draft.js';
import type { OnnxNode } from './graph.js';
import { lettersOf, type MapValue, type Size, sameLetters } from './values.js';

/** A stride, dilation or window beyond this is no network's. */
const LARGEST = 4096;

export function readConv(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node, 0, 'NCHW');
  const kernel = draft.weight(node, 1);
  const [out = 0, perGroup = 0, height = 0, width = 0] = kernel.shape;
  if (kernel.shape.length !== 4) draft.refuse(node, `has a kernel of rank ${kernel.shape.length}`, 'rank 4');
  const window = pair(node, 'kernel_shape', [height, width], draft);
  if (window.join() !== `${height},${width}`)
    draft.refuse(node, `has the kernel_shape ${window}`, `${height}, ${width} as its kernel`);
  const groups = node.int('group', 1);
  const depthwise = groups > 1;
  if (depthwise && (perGroup !== 1 || out % groups !== 0))
    draft.refuse(node, `has ${groups} groups of ${perGroup} channels`, 'one group, or a channel a group (depthwise)');
  if (groups * perGroup !== map.channels || out === 0)
    draft.refuse(
      node,
      `has a kernel [${kernel.shape}] for ${map.channels} channels`,
      `${map.channels / groups} channels in each group`,
    );
  const strides = pair(node, 'strides', [1, 1], draft);
  const dilations = pair(node, 'dilations', [1, 1], draft);
  const padding = readPadding(node, window, strides, dilations, draft);
  // OIHW → HWIO. Depthwise: the output channels of an input channel stand together, as TensorFlow wants them.
  const values = permuted(kernel.values(), kernel.shape, [2, 3, 1, 0]);
  const weights: Weights = {
    kernel: { shape: depthwise ? [height, width, groups, out / groups] : [height, width, perGroup, out], values },
    ...biasOf(node, 2, out, draft),
  };
  const fields: LayerFields = { kind: depthwise ? 'depthwise-conv' : 'conv', strides, dilations, padding };
  const layer = draft.add(node, [map], fields, weights);
  return { kind: 'map', layer, axes: 'NCHW', channels: out, size: sizeBehind(map.size, window, fields), rank: 4, shared: false };
}

/** The bias of a node, where it has one. */
export function biasOf(node: OnnxNode, at: number, channels: number, draft: Draft): Weights {
  if (!node.inputs[at]) return {};
  const bias = draft.weight(node, at);
  const values = bias.shape.reduce((product, extent) => product * extent, 1) === channels ? bias.values() : undefined;
  return values === undefined
    ? draft.refuse(node, `has a bias [${bias.shape}]`, `${channels} numbers`)
    : { bias: { shape: [channels], values } };
}

export function readPool(kind: 'max-pool' | 'average-pool', node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node, 0, 'NCHW');
  const size = pair(node, 'kernel_shape', [], draft);
  const strides = pair(node, 'strides', [1, 1], draft);
  if (node.ints('dilations', [1, 1]).some((step) => step !== 1)) draft.refuse(node, 'is dilated', 'dilations 1');
  const plain = readPadding(node, size, strides, [1, 1], draft);
  if (kind === 'average-pool' && plain === 'valid' && map.size !== undefined && map.size.join() === size.join()) {
    // Over the whole map at the file's own size: some exporters write a global pooling so.
    return globalPool(node, draft, map, 'NCHW');
  }
  const countsPadding = kind === 'average-pool' && node.int('count_include_pad', 0) === 1 && plain !== 'valid';
  if (countsPadding && node.text('auto_pad', 'NOTSET') !== 'NOTSET')
    draft.refuse(node, 'counts the padding that auto_pad makes', 'count_include_pad with explicit pads');
  const padding = countsPadding ? explicitSides(node, draft) : plain;
  const ceil = node.int('ceil_mode', 0) === 1 && padding !== 'same' && strides.some((step) => step > 1);
  const fields: LayerFields = {
    kind,
    size,
    strides,
    padding,
    ...(ceil ? { ceil } : {}),
    ...(countsPadding ? { countsPadding } : {}),
  };
  const layer = draft.add(node, [map], fields);
  return { ...map, layer, size: sizeBehind(map.size, size, fields), shared: false };
}

/** GlobalAveragePool, and a ReduceMean over height and width. */
export function readGlobalPool(node: OnnxNode, draft: Draft): MapValue {
  const map = draft.map(node);
  if (map.rank !== 4 || map.axes.length !== 4) draft.refuse(node, `averages a tensor of rank ${map.axes.length}`, 'a map');
  if (node.op === 'GlobalAveragePool') return globalPool(node, draft, draft.map(node, 0, 'NCHW'), 'NCHW');
  const axes = axesOf(node, draft.constant(node.inputs[1])) ?? [0, 1, 2, 3];
  const letters = lettersOf(axes, map.axes);
  if (!sameLetters(letters, 'HW'))
    return draft.refuse(
      node,
      `averages over the axes ${axes.join(', ')}`,
      'height and width, or a layer normalisation that ft knows',
    );
  return globalPool(node, draft, map, node.int('keepdims', 1) === 1 ? map.axes : 'NC');
}

function globalPool(node: OnnxNode, draft: Draft, map: MapValue, axes: string): MapValue {
  const keepDims = axes !== 'NC' || draft.keptMaps.has(node.output);
  const layer = draft.add(node, [map], { kind: 'global-average-pool', keepDims });
  return { ...map, layer, axes, size: [1, 1], rank: keepDims ? 4 : 2, shared: false };
}

function readPadding(node: OnnxNode, window: Size, strides: Size, dilations: Size, draft: Draft): Padding {
  const rule = node.text('auto_pad', 'NOTSET') || 'NOTSET';
  switch (rule) {
    case 'SAME_UPPER':
      return 'same';
    case 'VALID':
      return 'valid';
    case 'SAME_LOWER':
      // An odd window at stride 1 is padded alike on both sides.
      if (
        strides.every((step) => step === 1) &&
        window.every((extent, axis) => ((extent - 1) * (dilations[axis] ?? 1)) % 2 === 0)
      )
        return 'same';
      return draft.refuse(node, `pads by the rule ${rule}`, 'explicit pads, SAME_UPPER or VALID');
    case 'NOTSET':
      return plainPadding(explicitSides(node, draft), window, strides, dilations);
    default:
      return draft.refuse(node, `pads by the rule ${rule.slice(0, 40)}`, 'explicit pads, SAME_UPPER or VALID');
  }
}

function explicitSides(node: OnnxNode, draft: Draft): [number, number, number, number] {
  const pads = node.ints('pads', [0, 0, 0, 0]);
  if (pads.length !== 4 || pads.some((count) => !Number.isInteger(count) || count < 0 || count > LARGEST))
    draft.refuse(node, `has the pads ${pads.slice(0, 8).join(', ')}`, `four counts from 0 to ${LARGEST}`);
  const [top, left, bottom, right] = pads as [number, number, number, number];
  return [top, bottom, left, right];
}

function pair(node: OnnxNode, attribute: string, absent: readonly number[], draft: Draft): [number, number] {
  const values = node.ints(attribute, absent);
  if (values.length !== 2 || values.some((value) => !Number.isInteger(value) || value < 1 || value > LARGEST))
    draft.refuse(node, `has the ${attribute} ${values.slice(0, 8).join(', ')}`, `two whole numbers from 1 to ${LARGEST}`);
  return [values[0] as number, values[1] as number];
}
