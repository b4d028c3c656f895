import { describe, expect, it } from 'vitest';
import type { Layer } from '../../src/network/network.js';
import { readKerasNetwork } from '../../src/weights/keras/network.js';
import { configFault, functional, IMAGES } from './keras-handmade.js';

function layersOf(...layers: Parameters<typeof functional>): readonly Layer[] {
  const config = functional(IMAGES, ...layers);
  return readKerasNetwork({ format: 'keras', variables: [], tensors: new Map(), config }, { name: 'net', side: 16 }, 'model')
    .layers;
}

describe('layers of Keras without weights', () => {
  it.each([
    ['Activation', { activation: 'gelu_new' }, { activation: 'gelu-tanh' }],
    ['Activation', { activation: 'mish' }, { activation: 'mish' }],
    ['Activation', { activation: 'leaky_relu' }, { activation: 'leaky-relu', slope: 0.2 }],
    ['LeakyReLU', {}, { activation: 'leaky-relu', slope: 0.3 }],
    ['LeakyReLU', { alpha: 0.1 }, { activation: 'leaky-relu', slope: 0.1 }],
    ['LeakyReLU', { negative_slope: 0.05 }, { activation: 'leaky-relu', slope: 0.05 }],
    ['ELU', { alpha: 1 }, { activation: 'elu' }],
  ])('%s of %o', (className, config, expected) => {
    expect(layersOf(['a', className, config, ['images']]).at(-1)).toMatchObject({ kind: 'activation', name: 'a', ...expected });
  });

  it('with settings of another function are refused', () => {
    expect(configFault(functional(IMAGES, ['a', 'ELU', { alpha: 0.5 }, ['images']]))).toContain('the ELU has alpha 0.5');
    expect(configFault(functional(IMAGES, ['a', 'LeakyReLU', { alpha: {} }, ['images']]))).toContain(
      'the LeakyReLU has alpha {}',
    );
  });

  it('a window as large as the last map before a Flatten is a global pooling; a small one, and the last of all, are none', () => {
    const pool = (size: number) => ['pool', 'AveragePooling2D', { pool_size: [size, size], padding: 'valid' }, ['a']] as const;
    const names = (size: number, ...above: Parameters<typeof functional>) =>
      layersOf(['a', 'ReLU', {}, ['images']], [...pool(size)] as never, ...above).map(({ name }) => name);
    const flat = ['flat', 'Flatten', {}, ['pool']] as [string, string, object, string[]];
    expect(names(7, flat)).toEqual(['images', 'a']);
    expect(names(2, flat)).toEqual(['images', 'a', 'pool']);
    expect(names(7)).toEqual(['images', 'a', 'pool']);
  });
});
