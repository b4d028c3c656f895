import { describe, expect, it } from 'vitest';
import { frozenLayers } from '../../src/transfer/freeze.js';
import { select } from '../../src/transfer/selectors.js';

const layers = ['stem', 'block1_dw', 'block1_add', 'block10_dw', 'block10_add', 'block10', 'block11_dw', 'head'].map((name) => ({
  name,
  stage: name === 'head' ? 'head' : name.startsWith('block1') && !name.startsWith('block1_') ? 'conv4' : 'conv2',
  variables: name.endsWith('_add') ? [] : [1],
}));

const names = (selector: string) => {
  const found = select(layers, selector, 'here');
  return 'layers' in found ? found.layers.map(({ name }) => name) : found.fault.what;
};

describe('a block', () => {
  it('is the layers whose names go on from it with an underscore', () => {
    expect(names('block1')).toEqual(['block1_dw', 'block1_add']);
    expect(names('block11')).toEqual(['block11_dw']);
    expect(names('bloc')).toBe("there is no stage or layer 'bloc'");
  });

  it('comes after a layer of that very name', () => {
    expect(names('block10')).toEqual(['block10']);
  });

  it('is a boundary: everything up to its last layer is frozen', () => {
    expect([...frozenLayers(layers, { until: 'block1' }, 'freeze').frozen]).toEqual(['stem', 'block1_dw', 'block1_add']);
    expect([...frozenLayers(layers, { only: ['block1', 'block11'] }, 'freeze').frozen]).toEqual(['block1_dw', 'block11_dw']);
  });
});
