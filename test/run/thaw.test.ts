import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '../../src/recipe/load.js';
import type { Restart } from '../../src/run/collapse-answer.js';
import { type Segment, segmentsOf } from '../../src/run/phase-segments.js';
import { thawLine } from '../../src/run/phase-words.js';
import { planPhases } from '../../src/run/plans.js';
import { frozenInWords } from '../../src/run/summary.js';
import type { Workbench } from '../../src/run/workbench.js';
import { readCheckpoint } from '../../src/runtime/checkpoint.js';
import { smallNetwork } from '../transfer/small-network.js';
import { readJson, readLines, sharedFolder, TINY, trainParts } from './runs.js';

const root = sharedFolder();
const KEYS = [
  ...TINY,
  'triplet=null',
  'head.refit=none',
  'export.formats=[]',
  // Without validation the last weights are the ones that are kept.
  'data.validation=0',
  'classification.epochs=3',
  'classification.evaluateEvery=0',
  'classification.freeze={ until: all }',
];
const THAW = 'classification.thaw=[{ epoch: 2, until: conv2 }, { epoch: 3, until: conv1 }]';

const valuesOf = async (run: string, file = 'classification') => {
  const { tensors } = await readCheckpoint(join(run, `checkpoints/${file}.safetensors`));
  return new Map(Object.entries(tensors).map(([name, { values }]) => [name, Buffer.from(values.buffer).toString('base64')]));
};

describe('a phase that thaws', () => {
  let thawed: string;
  let still: string;

  beforeAll(async () => {
    thawed = (await trainParts(join(root, 'thawed'), [...KEYS, THAW])).path;
    still = (await trainParts(join(root, 'still'), KEYS)).path;
  });

  it('trains what has thawed and proves the rest unchanged, part by part', async () => {
    const [{ frozen }, weights, before] = [readJson(thawed, 'manifest.json'), await valuesOf(thawed), await valuesOf(still)];
    const moved = [...weights.keys()].filter((name) => weights.get(name) !== before.get(name));
    const stages = new Set(moved.map((name) => /^(conv\d|head)/.exec(name)?.[0] ?? name));
    // The other run trains its head alone, so what differs besides is what has thawed.
    expect(stages).toEqual(new Set(['conv2', 'conv3', 'head']));
    const { segments, variables } = frozen.classification;
    const counts = [...weights.keys()].reduce(
      (of, name) => ({
        conv1: of.conv1 + (name.startsWith('conv1') ? 1 : 0),
        conv2: of.conv2 + (name.startsWith('conv2') ? 1 : 0),
        conv3: of.conv3 + (name.startsWith('conv3') ? 1 : 0),
      }),
      { conv1: 0, conv2: 0, conv3: 0 },
    );
    expect(segments).toEqual([
      { from: 1, to: 1, frozen: counts.conv1 + counts.conv2 + counts.conv3, unchanged: true, moved: [] },
      { from: 2, to: 2, frozen: counts.conv1 + counts.conv2, unchanged: true, moved: [] },
      { from: 3, to: 3, frozen: counts.conv1, unchanged: true, moved: [] },
    ]);
    expect(Object.keys(variables).every((name) => name.startsWith('conv1'))).toBe(true);
    expect(Object.keys(variables)).toHaveLength(counts.conv1);
    expect(readJson(still, 'manifest.json').frozen.classification.segments).toBeUndefined();
    const { recipe } = loadRecipe('smoke', { sets: [...KEYS, THAW] });
    const [all, two, one] = segments.map((part: { frozen: number }) => part.frozen);
    expect(frozenInWords(readJson(thawed, 'manifest.json'), recipe)).toEqual([
      `frozen in the classification phase, which thawed: ${all} variables in epoch 1, ${two} variables in epoch 2, ${one} variables in epoch 3: proved unchanged, byte by byte`,
    ]);
    const moving = { ...readJson(thawed, 'manifest.json') };
    moving.frozen.classification.segments[1].unchanged = false;
    expect(frozenInWords(moving, recipe).join()).toContain('THEY MOVED');
  });

  it('is the phase without a thaw until the first one comes, and then tells of the stages that are trained', () => {
    const [a, b] = [readLines(thawed, 'metrics.jsonl'), readLines(still, 'metrics.jsonl')];
    expect(a.map(({ stages }) => Object.keys(stages))).toEqual([['head'], ['conv3', 'head'], ['conv2', 'conv3', 'head']]);
    expect(a[0].loss).toBe(b[0].loss);
    expect(a[2].loss).not.toBe(b[2].loss);
    // One schedule over the whole phase.
    expect(a.map(({ rate }) => rate)).toEqual(b.map(({ rate }) => rate));
  });

  it('ends early after the last thaw alone, where no epoch is better', async () => {
    const keys = [
      ...KEYS.filter((key) => !/validation|epochs/.test(key)),
      'classification.epochs=9',
      'classification.rate=1e-12',
      'classification.patience=1',
    ];
    const { path } = await trainParts(join(root, 'patient'), [...keys, 'classification.thaw=[{ epoch: 4, until: conv2 }]']);
    expect(readLines(path, 'metrics.jsonl').map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(readJson(path, 'journal.json').phases.classification.early).toContain('ended after epoch 4 of 9');
    expect(readJson(path, 'manifest.json').frozen.classification.segments).toMatchObject([
      { from: 1, to: 3, unchanged: true },
      { from: 4, to: 4, unchanged: true },
    ]);
  });
});

describe('the segments of a phase', () => {
  const { recipe } = loadRecipe('smoke', {
    sets: [
      'triplet.epochs=5',
      'triplet.freeze={ until: conv2 }',
      'triplet.thaw=[{ epoch: 2, until: conv1 }, { epoch: 4, until: none }]',
    ],
  });
  const plans = new Map(planPhases({ ...recipe, classification: null }, smallNetwork(), 9).map((plan) => [plan.phase, plan]));
  const bench = { recipe, plans, split: { train: { classes: [1, 2, 3] } } } as unknown as Workbench;
  const easy: Restart = { answer: 'batch-easy', reason: '', epoch: 1, step: 1 };
  const spans = (restarts: Restart[], of = bench) => segmentsOf('triplet', of, restarts).map(({ from, to }) => [from, to]);

  it('lie side by side: one begins at each thaw, and the first epoch is its own after a restart with batch-easy', () => {
    expect(spans([])).toEqual([
      [0, 1],
      [1, 3],
      [3, 5],
    ]);
    expect(spans([easy])).toEqual(spans([]));
    const later = new Map([...plans].map(([phase, plan]) => [phase, { ...plan, thaw: plan.thaw.slice(1) }]));
    expect(spans([easy], { ...bench, plans: later })).toEqual([
      [0, 1],
      [1, 3],
      [3, 5],
    ]);
    expect(spans([], { ...bench, plans: later })).toEqual([
      [0, 3],
      [3, 5],
    ]);
  });

  it('name what begins to be trained in each: weights that were frozen, no statistics', () => {
    expect(segmentsOf('triplet', bench, []).map(({ thawed }) => thawed)).toEqual([
      [],
      ['conv2_a/kernel', 'conv2_a_bn/gamma', 'conv2_a_bn/beta'],
      ['conv1/kernel', 'conv1/bias'],
    ]);
  });

  it('are told of where they thaw', () => {
    const [, second, third] = segmentsOf('triplet', bench, []);
    const line = ({ from, plan, thawed } = second as Segment) => thawLine('triplet', from + 1, plan, thawed);
    expect(line()).toBe('triplet: from epoch 2 on conv2 is trained too: 0.00 of 0.00 million parameters');
    expect(line(third)).toContain('from epoch 4 on conv1 is trained too');
  });
});
