import { describe, expect, it } from 'vitest';
import type { Layer } from '../../src/network/network.js';
import { assignStages } from '../../src/weights/stages.js';
import { stagesByResolution } from '../../src/weights/stages-by-resolution.js';

describe('the stages of a card', () => {
  it('give every layer the stage of the pattern that matches it', () => {
    const stages = assignStages(
      ['input', 'conv1', 'conv2_1_a', 'conv2_1_b'],
      { conv1: ['input', 'conv1*'], conv2: ['conv2_*'] },
      'card',
    );
    expect([...stages]).toEqual([
      ['input', 'conv1'],
      ['conv1', 'conv1'],
      ['conv2_1_a', 'conv2'],
      ['conv2_1_b', 'conv2'],
    ]);
  });

  it('list every fault at once: a layer without a stage, a layer in two, a pattern that matches nothing', () => {
    const faulty = () => assignStages(['a', 'b1', 'c'], { first: ['a', 'b*'], second: ['b1', 'd*'] }, 'card.yaml');
    expect(faulty).toThrow("card.yaml: layer 'b1' is in two stages, 'first' and 'second'");
    expect(faulty).toThrow("stage 'second': the pattern 'd*' matches no layer");
    expect(faulty).toThrow("layer 'c' is in no stage");
  });
});

describe('stages by resolution', () => {
  it('number the resolutions that have weights, and give a pool to the stage that it feeds', () => {
    const conv = (name: string, input: string, stride: number): Layer => ({
      kind: 'conv',
      name,
      inputs: [input],
      stage: '',
      kernel: `${name}/kernel`,
      strides: [stride, stride],
      dilations: [1, 1],
      padding: 'same',
    });
    const pool = (name: string, input: string): Layer => ({
      kind: 'max-pool',
      name,
      inputs: [input],
      stage: '',
      size: [2, 2],
      strides: [2, 2],
      padding: 'same',
    });
    const layers: Layer[] = [
      { kind: 'input', name: 'input', inputs: [], stage: '' },
      conv('stem', 'input', 2),
      pool('pool', 'stem'),
      conv('body', 'pool', 1),
      conv('down', 'body', 2),
      pool('last', 'down'),
    ];
    expect(Object.fromEntries(stagesByResolution(layers))).toEqual({
      input: 'stage1',
      stem: 'stage1',
      pool: 'stage2',
      body: 'stage2',
      down: 'stage3',
      last: 'stage3',
    });
  });
});
