import type { Network } from '../../src/network/network.js';
import { networkBuilder } from './network-builder.js';

/** Blocks 1 … 13: channels out, stride, and the stage by resolution. */
const BLOCKS = [
  { channels: 64, stride: 1, stage: 'conv1' },
  { channels: 128, stride: 2, stage: 'conv2' },
  { channels: 128, stride: 1, stage: 'conv2' },
  { channels: 256, stride: 2, stage: 'conv3' },
  { channels: 256, stride: 1, stage: 'conv3' },
  { channels: 512, stride: 2, stage: 'conv4' },
  ...Array.from({ length: 5 }, () => ({ channels: 512, stride: 1, stage: 'conv4' })),
  { channels: 1024, stride: 2, stage: 'conv5' },
  { channels: 1024, stride: 1, stage: 'conv5' },
];

/** MobileNet v1, width 1.0 (Howard et al. 2017), without its weights: `stem`, then `block1_{depthwise,pointwise}` … `block13_…`. */
export function mobilenetV1(): Network {
  const { conv, depthwise, finish } = networkBuilder(1e-3);
  conv('stem', 'conv1', 32, { size: 3, stride: 2 }, 'relu6');
  for (const [at, { channels, stride, stage }] of BLOCKS.entries()) {
    depthwise(`block${at + 1}_depthwise`, stage, { size: 3, stride }, 'relu6');
    conv(`block${at + 1}_pointwise`, stage, channels, { size: 1, stride: 1 }, 'relu6');
  }
  return finish('mobilenet-v1', { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] });
}
