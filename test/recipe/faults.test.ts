import { describe, expect, it } from 'vitest';
import { type Fault, UserError } from '../../src/errors.js';
import { type LoadOptions, loadRecipe } from '../../src/recipe/load.js';
import { folderWith } from './files.js';

function faultsOf(files: Record<string, string>, options: LoadOptions = {}): readonly Fault[] {
  try {
    loadRecipe('a.yaml', { folder: folderWith(files), ...options });
  } catch (error) {
    if (error instanceof UserError) return error.faults;
    throw error;
  }
  return [];
}

const places = (faults: readonly Fault[]) => faults.map((fault) => `${fault.where} ${fault.what}`);

describe('the faults of a recipe', () => {
  it('are all reported at once, each at its line and column', () => {
    const faults = faultsOf({
      'a.yaml': `# a bad recipe
seeed: 1
data:
  side: x
  augment: { flp: 1, scale: [2, 1] }
  workers: -1
classification:
  optimizer: { name: rmsprop }
  freeze: { until: conv3, only: [b] }
  multipliers:
    - { match: conv4 }
triplet:
  miner: semihard
  freeze: conv3
  epochs: 1.5
  margin: -1
head: 3
`,
    });
    expect(places(faults)).toEqual([
      "a.yaml:2:1 unknown key 'seeed'",
      "a.yaml:4:9 'data.side' has a wrong value",
      "a.yaml:5:14 unknown key 'data.augment.flp'",
      "a.yaml:5:29 'data.augment.scale' has a wrong value",
      "a.yaml:6:12 'data.workers' has a wrong value",
      "a.yaml:8:22 'classification.optimizer.name' has an unknown value",
      "a.yaml:9:11 'classification.freeze' holds both 'until' and 'only'",
      "a.yaml:11:7 the key 'classification.multipliers.0.by' is missing",
      "a.yaml:13:10 'triplet.miner' has an unknown value",
      "a.yaml:14:11 'triplet.freeze' has a wrong value",
      "a.yaml:15:11 'triplet.epochs' has a wrong value",
      "a.yaml:16:11 'triplet.margin' has a wrong value",
      "a.yaml:17:7 'head' has a wrong value",
    ]);
  });

  it('say what was expected, what was found and what was most likely meant', () => {
    const faults = faultsOf({
      'a.yaml': 'triplet:\n  miner: semihard\n  marign: 0.1\n  schedule: { name: cosine, warmup: 1 }\n  margin: -1\n',
    });
    expect(faults).toEqual([
      {
        what: "'triplet.miner' has an unknown value",
        where: 'a.yaml:2:10',
        expected: 'semi-hard, naive, batch-hard, batch-easy, all, tfa, tfsim, pml, facenet, vggface',
        found: "'semihard'",
        mend: "did you mean 'semi-hard'?",
      },
      expect.objectContaining({ what: "unknown key 'triplet.marign'", where: 'a.yaml:3:3', mend: "did you mean 'margin'?" }),
      {
        what: "unknown key 'triplet.schedule.warmup'",
        where: 'a.yaml:4:29',
        expected: 'name, warmUp',
        mend: "did you mean 'warmUp'?",
      },
      { what: "'triplet.margin' has a wrong value", where: 'a.yaml:5:11', expected: 'a number of more than 0', found: '-1' },
    ]);
  });

  it('lie in the file of the chain that the value came from', () => {
    const faults = faultsOf({
      'a.yaml': 'extends: ./b.yaml\ntriplet:\n  rate: fast\n',
      'b.yaml': 'data:\n  heldOut: odd\ntriplet:\n  rate: faster\n  optimizer: { nam: sgd }\n',
    });
    expect(places(faults)).toEqual([
      "b.yaml:2:12 'data.heldOut' has an unknown value",
      "b.yaml:5:16 unknown key 'triplet.optimizer.nam'",
      "a.yaml:3:9 'triplet.rate' has a wrong value",
    ]);
  });

  it('of the command line name the option', () => {
    const faults = faultsOf({ 'a.yaml': 'seed: -1\n' }, { sets: ['triplet.rate=0', 'nonsense', 'engine=trace', 'head={'] });
    expect(places(faults)).toEqual([
      "--set cannot read 'nonsense'",
      expect.stringMatching(/^--set head the value is not YAML/),
      "a.yaml:1:7 'seed' has a wrong value",
      "--set engine 'engine' has an unknown value",
      "--set triplet.rate 'triplet.rate' has a wrong value",
    ]);
  });

  it('of YAML itself are found in every file, with those of the others', () => {
    const faults = faultsOf({ 'a.yaml': 'extends: b.yaml\nseed: 1\nseed: 2\n', 'b.yaml': 'data: { side: 32\nhead:\n' });
    expect(places(faults)).toContain('a.yaml:3:1 this key is given twice');
    expect(faults.some((fault) => fault.where?.startsWith('b.yaml:') && fault.what.startsWith('not YAML'))).toBe(true);
  });

  it('tell a circle, an unknown base and a list where a mapping belongs', () => {
    expect(faultsOf({ 'a.yaml': 'extends: b.yaml', 'b.yaml': 'extends: c.yaml', 'c.yaml': 'extends: b.yaml' })).toEqual([
      { what: 'this recipe extends itself', where: 'c.yaml:1:10', found: 'b → c → b' },
    ]);
    expect(faultsOf({ 'a.yaml': 'extends: resnet-semihrd' })[0]).toMatchObject({
      what: "unknown recipe 'resnet-semihrd'",
      where: 'a.yaml:1:10',
      mend: "did you mean 'resnet-semihard'?",
    });
    expect(places(faultsOf({ 'a.yaml': 'extends: ./absent.yaml\nseed: x' }))).toEqual([
      "a.yaml:1:10 there is no recipe './absent.yaml'",
      "a.yaml:2:7 'seed' has a wrong value",
    ]);
    expect(places(faultsOf({ 'a.yaml': '- 1\n' }))).toEqual(['a.yaml:1:1 a recipe is a mapping of keys to values']);
  });

  it('of a key with several forms list the forms', () => {
    const faults = faultsOf({ 'a.yaml': 'data:\n  augment: non\n  workers: many\ntriplet:\n  freeze: { untl: conv3 }\n' });
    expect(faults.map(({ where, expected, mend }) => [where, expected, mend])).toEqual([
      [
        'a.yaml:2:12',
        'none, or { flip, scale, aspect, rotation, shift, colour, flipVertical, crop, hue, grey, randAugment, blur, erase }',
        "did you mean 'none'?",
      ],
      ['a.yaml:3:12', 'auto, or a number', undefined],
      ['a.yaml:5:13', 'until', "did you mean 'until'?"],
    ]);
  });
});
