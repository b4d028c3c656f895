import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setComputing } from '../../src/cli/computing.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { devicesFaults, devicesOf } from '../../src/run/devices.js';
import { requireDevices } from '../../src/runtime/several.js';

const recipe = (...sets: string[]) => loadRecipe('smoke', { sets }).recipe;

describe('devices of a recipe', () => {
  it('are one card where nothing is said', () => {
    expect(recipe().devices).toBeNull();
    expect(devicesOf(recipe())).toBe(1);
    expect(devicesOf(recipe('devices=[2, 0, 1]'))).toBe(3);
  });

  it.each([
    ['devices=[1, 1]', 'each card once'],
    ['devices=[]', 'devices'],
    ['devices=[-1]', 'devices'],
  ])('that make no sense are refused (%s)', (set, words) => {
    expect(() => recipe(set)).toThrow(words);
  });

  it('are one where the engine is eager', () => {
    expect(() => recipe('devices=[0, 1]', 'engine=eager')).toThrow('one card where engine is eager');
    expect(devicesOf(recipe('devices=[1]', 'engine=eager'))).toBe(1);
  });

  it('have equal parts of a batch, or the key is named and a batch that divides', () => {
    const three = recipe('devices=[0, 1, 2]', 'classification.batch=16', 'triplet.classesPerBatch=4', 'triplet.imagesPerClass=4');
    expect(devicesFaults(three, 96)).toEqual([
      {
        what: 'the images of a step do not divide evenly among the cards',
        where: 'classification.batch',
        expected: 'a multiple of 3, for devices: [0,1,2]',
        found: '16 images',
        mend: '--set classification.batch=15',
      },
      expect.objectContaining({ where: 'triplet.classesPerBatch', mend: '--set triplet.classesPerBatch=3' }),
    ]);
    const four = recipe(
      'devices=[0, 1, 2, 3]',
      'classification.batch=16',
      'triplet.classesPerBatch=4',
      'triplet.imagesPerClass=4',
    );
    expect(devicesFaults(four, 96)).toEqual([]);
    // A batch has no more images than there are.
    expect(devicesFaults(four, 15)).toEqual([
      expect.objectContaining({ found: '15 images', mend: '--set classification.batch=12' }),
    ]);
    expect(devicesFaults(recipe('devices=[0, 1, 2]', 'classification=null', 'triplet=null'), 96)).toEqual([]);
  });

  it('that TensorFlow does not have are an error', () => {
    expect(() => requireDevices(1)).not.toThrow();
    expect(() => requireDevices(2)).toThrow('the recipe names several NVIDIA cards, and none is used');
    process.env.FT_CPU_DEVICES = '3';
    try {
      expect(() => requireDevices(3)).not.toThrow();
      expect(() => requireDevices(4)).toThrow('the recipe names several NVIDIA cards');
    } finally {
      delete process.env.FT_CPU_DEVICES;
    }
  });
});

describe('what TensorFlow is shown of the cards', () => {
  const names = ['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER', 'FT_DEVICE'];
  let before: (string | undefined)[] = [];
  beforeEach(() => {
    before = names.map((name) => process.env[name]);
    for (const name of names) delete process.env[name];
  });
  afterEach(() => {
    for (const [at, name] of names.entries())
      if (before[at] === undefined) delete process.env[name];
      else process.env[name] = before[at];
  });
  const shown = (devices: number[] | null) => {
    setComputing({ threads: null, device: 'auto', devices, deterministic: false });
    return [process.env.CUDA_VISIBLE_DEVICES, process.env.CUDA_DEVICE_ORDER];
  };

  it('keep an order in their sums where the recipe asks for it', () => {
    const set = process.env.TF_DETERMINISTIC_OPS;
    delete process.env.TF_DETERMINISTIC_OPS;
    try {
      setComputing({ threads: null, device: 'auto', devices: null, deterministic: true });
      expect(process.env.TF_DETERMINISTIC_OPS).toBe('1');
    } finally {
      if (set === undefined) delete process.env.TF_DETERMINISTIC_OPS;
      else process.env.TF_DETERMINISTIC_OPS = set;
    }
  });

  it('is left alone where the recipe says nothing', () => {
    expect(shown(null)).toEqual([undefined, undefined]);
  });

  it('are the named ones, as nvidia-smi counts them', () => {
    expect(shown([2, 0])).toEqual(['2,0', 'PCI_BUS_ID']);
  });

  it('are places among those that are shown already', () => {
    process.env.CUDA_VISIBLE_DEVICES = '4, GPU-8f6a, 7';
    expect(shown([2, 1])[0]).toBe('7,GPU-8f6a');
    process.env.CUDA_VISIBLE_DEVICES = '4,5';
    expect(() => shown([0, 2])).toThrow('the recipe names a card that CUDA_VISIBLE_DEVICES does not show');
  });
});
