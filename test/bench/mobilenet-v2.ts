import type { Network } from '../../src/network/network.js';
import { networkBuilder } from './network-builder.js';

/** How often, stride of the first, expansion, channels out, and the stage by resolution. */
const GROUPS = [
  { repeats: 1, stride: 1, expansion: 1, channels: 16, stage: 'conv1' },
  { repeats: 2, stride: 2, expansion: 6, channels: 24, stage: 'conv2' },
  { repeats: 3, stride: 2, expansion: 6, channels: 32, stage: 'conv3' },
  { repeats: 4, stride: 2, expansion: 6, channels: 64, stage: 'conv4' },
  { repeats: 3, stride: 1, expansion: 6, channels: 96, stage: 'conv4' },
  { repeats: 3, stride: 2, expansion: 6, channels: 160, stage: 'conv5' },
  { repeats: 1, stride: 1, expansion: 6, channels: 320, stage: 'conv5' },
] as const;

const ONE = { size: 1, stride: 1 };

/**
 * MobileNet v2, width 1.0 (Sandler et al. 2018), without its weights: `stem`, `block0` … `block16` with `_expand`, `_depthwise`,
 * `_project` and `_add`, and `top`. Stage conv4 ends with block 12.
 */
export function mobilenetV2(): Network {
  const { last, conv, depthwise, sum, finish } = networkBuilder(1e-3);
  conv('stem', 'conv1', 32, { size: 3, stride: 2 }, 'relu6');
  let block = 0;
  for (const { repeats, stride, expansion, channels, stage } of GROUPS) {
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const name = `block${block}`;
      const start = last();
      if (expansion > 1) conv(`${name}_expand`, stage, start.channels * expansion, ONE, 'relu6');
      depthwise(`${name}_depthwise`, stage, { size: 3, stride: repeat === 0 ? stride : 1 }, 'relu6');
      conv(`${name}_project`, stage, channels, ONE);
      if (repeat > 0) sum(`${name}_add`, stage, start.name);
    }
  }
  conv('top', 'conv5', 1280, ONE, 'relu6');
  return finish('mobilenet-v2', { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] });
}
