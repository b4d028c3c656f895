import type { Network } from '../../src/network/network.js';
import { networkBuilder } from './network-builder.js';

const BLOCKS = [3, 4, 6, 3] as const;
const ONE = { size: 1, stride: 1 };

/**
 * ResNet-50 (He et al. 2015), version 1.5 as torchvision has it (the 3×3 convolution of a block strides), without its weights. Named
 * as resnet50-thin is: block 2 of conv3 is `conv3_2_{a,b,c}`, `conv3_1_proj` beside the first, each with its `_bn`, then `_add`, `_relu`.
 *
 * Strided convolutions are padded alike on all sides, PyTorch's way, which costs ft a copy of four maps; the pool as resnet50-thin's,
 * at the end alone, which costs neither anything.
 */
export function resnet50(): Network {
  const { last, from, conv, maxPool, sum, activation, finish } = networkBuilder(1e-5);
  conv('conv1', 'conv1', 64, { size: 7, stride: 2, padding: 3 }, 'relu');
  maxPool('conv1_pool', 'conv1', { size: 3, stride: 2 });
  for (const [at, blocks] of BLOCKS.entries()) {
    const stage = `conv${at + 2}`;
    const width = 64 << at;
    for (let block = 1; block <= blocks; block++) {
      const name = `${stage}_${block}`;
      const stride = at > 0 && block === 1 ? 2 : 1;
      const start = last();
      if (block === 1) conv(`${name}_proj`, stage, 4 * width, { size: 1, stride });
      const shortcut = last().name;
      from(start);
      conv(`${name}_a`, stage, width, ONE, 'relu');
      conv(`${name}_b`, stage, width, { size: 3, stride, padding: 1 }, 'relu');
      conv(`${name}_c`, stage, 4 * width, ONE);
      sum(`${name}_add`, stage, shortcut);
      activation(`${name}_relu`, stage, 'relu');
    }
  }
  return finish('resnet50', { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] });
}
