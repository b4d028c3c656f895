import { describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/backbones/registry.js';
import { multiplyAdds } from '../../src/network/arithmetic.js';
import { silent } from '../../src/progress.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { sparedBy } from '../../src/transfer/spared.js';
import { smallNetwork } from './small-network.js';

const planned = (network: ReturnType<typeof smallNetwork>, until: string, side: number) =>
  planPhase(
    network,
    denseHead(network.features, 5),
    'classification',
    { freeze: { until }, batchNorm: 'frozen', rate: 1, newLayers: 1, decay: 1, multipliers: [], optimizer: { weightDecay: 0 } },
    side,
  );

describe('the arithmetic of a network', () => {
  it('is places × window × channels, layer by layer', () => {
    const costs = multiplyAdds(smallNetwork(), 32);
    // conv1: 32 → 16 places a side; conv2_a behind the pool: 8; conv3 behind the stride: 4.
    expect(costs.get('conv1')).toBe(16 * 16 * 3 * 3 * 3 * 4);
    expect(costs.get('conv2_a')).toBe(8 * 8 * 4 * 6);
    expect(costs.get('conv3_dw')).toBe(4 * 4 * 3 * 3 * 6);
    expect(costs.get('conv3_proj')).toBe(4 * 4 * 6 * 8);
    expect([costs.get('pool1'), costs.get('conv2_a_bn'), costs.get('conv3_add')]).toEqual([0, 0, 0]);
  });

  it('of EfficientNet-Lite0 at 224 pixels is what its authors publish', async () => {
    const { network } = await loadBackbone('efficientnet-lite0', { upTo: null, from: null, progress: silent });
    const sum = [...multiplyAdds(network, 224).values()].reduce((total, one) => total + one, 0);
    // 407 million, with the classifier's 1.3 million: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    expect(sum / 1e6).toBeGreaterThan(380);
    expect(sum / 1e6).toBeLessThan(410);
  });
});

describe('what frozen layers spare', () => {
  it('is the share of a step that lies below, forward alone there and three times the forward above', () => {
    const network = smallNetwork();
    const costs = multiplyAdds(network, 32);
    const of = (...names: string[]) => names.reduce((sum, name) => sum + (costs.get(name) as number), 0);
    const below = of('conv1', 'conv2_a');
    const above = of('conv3_dw', 'conv3_proj', 'conv3_b');
    expect(sparedBy(network, planned(network, 'conv2', 32), 32)).toEqual({
      upTo: 'conv2_a_relu',
      shape: [8, 8, 6],
      share: below / (below + 3 * above),
    });
  });

  it('is all of the backbone where it stands still as a whole, and nothing where nothing does', () => {
    const network = smallNetwork();
    expect(sparedBy(network, planned(network, 'conv3', 32), 32)).toEqual({ upTo: 'conv3_add', shape: [8], share: 1 });
    expect(sparedBy(network, planned(network, 'none', 32), 32)).toBeNull();
  });
});
