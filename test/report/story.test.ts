import { describe, expect, it } from 'vitest';
import type { ReportInput, ScoreRow, Step } from '../../src/report/input.js';
import { storyOf } from '../../src/report/story.js';

const row = (name: string, recall: number, dimensions = 128): ScoreRow => ({
  name,
  dimensions,
  scores: { recall_at_1: recall, map_at_r: recall - 0.1, queries: 200, left_out: 0 },
  intervals: { recall_at_1: { value: recall, low: recall - 0.02, high: recall + 0.02, standard_error: 0.01 } },
  validation: 0.5,
});

const step = (from: string, to: string, recall: number, verdict: 'better' | 'worse' | 'no clear difference'): Step => {
  const one = { value: recall, low: recall - 0.01, high: recall + 0.01, standard_error: 0.005, verdict };
  return { from, to, difference: { recall_at_1: one, map_at_r: one } };
};

const input = (change: Partial<ReportInput>): ReportInput => ({
  run: 'r',
  recipe: 'recipe',
  backbone: 'resnet50-thin',
  finished: true,
  seed: 0,
  command: [],
  facts: [],
  rows: [row('before', 0.25, 1024), row('triplet-whitened', 0.54)],
  steps: [],
  exported: { row: 'triplet-whitened', because: 'the highest MAP@R on the validation classes (0.500)' },
  epochs: [],
  plans: [],
  data: {
    name: 'd',
    classes: 100,
    images: 400,
    skipped: [],
    singleImageClasses: [],
    sharedAcrossClasses: [],
    findings: null,
    split: {
      by: 'class',
      kind: 'open',
      parts: {
        train: { classes: 45, images: 180 },
        validation: { classes: 5, images: 20 },
        heldOut: { classes: 50, images: 200 },
      },
    },
  },
  heldOut: null,
  vectors: [],
  queries: null,
  classifier: null,
  missing: [],
  ...change,
});

const told = (change: Partial<ReportInput>) => {
  const { sentences, warnings } = storyOf(input(change));
  return {
    sentences: sentences.map((one) =>
      one
        .toString()
        .replace(/<[^>]+>/g, '')
        .replaceAll('\u00a0', ' '),
    ),
    warnings,
  };
};

describe('the story of a run', () => {
  it('says what it came to beside what there was before, what each phase brought, and what is exported and why', () => {
    const { sentences, warnings } = told({
      steps: [
        step('before', 'classification', 0.1, 'better'),
        step('before-whitened', 'classification-whitened', 0.08, 'better'),
        step('classification-whitened', 'triplet-whitened', 0.005, 'no clear difference'),
      ],
      plans: [{ phase: 'triplet', from: 1, rate: 1, batchNorm: 'frozen', layers: [], proof: { frozen: 48, unchanged: true } }],
    });
    expect(sentences).toEqual([
      'Asked with 200 images of 50 classes that training never saw, the model (128 numbers an image) finds an image of the same class first for 54.0 % (95 % interval 52.0–56.0); before training, resnet50-thin (1,024 numbers) did so for 25.0 % (23.0–27.0).',
      'In points of Recall@1, each query against itself and both with a head fitted in closed form: phase 1 (classification) brought +8.0 [+7.0, +9.0]; phase 2 (triplets) brought +0.5 [−0.5, +1.5], no clear difference.',
      'Exported is phase 2, triplets, whitened: the highest MAP@R on the validation classes (0.500); what was frozen is proved unchanged, byte by byte.',
    ]);
    expect(warnings).toEqual([]);
  });

  it('compares plain rows where a plain row is exported', () => {
    const { sentences } = told({
      rows: [row('before', 0.25), row('triplet', 0.2)],
      exported: { row: 'triplet', because: 'the last phase: there are no validation classes to choose by' },
      steps: [
        step('classification', 'triplet', -0.05, 'worse'),
        step('classification-whitened', 'triplet-whitened', 0.3, 'better'),
      ],
    });
    expect(sentences[1]).toBe('In points of Recall@1, each query against itself: phase 2 (triplets) brought −5.0 [−6.0, −4.0].');
  });

  it('says where a phase made it worse, where nothing helped, and whether that row is exported', () => {
    const worse = [step('before', 'classification', 0.1, 'better'), step('classification', 'triplet', -0.05, 'worse')];
    expect(told({ steps: worse }).warnings).toEqual([
      'On the held-out images the triplet phase lowered Recall@1 and MAP@R by its own features (see the table of changes); another row is exported.',
    ]);
    const exported = { row: 'triplet', because: 'x' };
    expect(told({ steps: worse, exported, rows: [row('before', 0.5), row('triplet', 0.4)] }).warnings).toEqual([
      'On the held-out images the triplet phase lowered Recall@1 and MAP@R by its own features (see the table of changes); validation chose it nonetheless.',
      'Nothing that training did retrieves the held-out images better than the network before training.',
    ]);
  });

  it('says what is wrong with the images, and that frozen variables moved', () => {
    const { sentences, warnings } = told({
      data: {
        ...(input({}).data as NonNullable<ReportInput['data']>),
        skipped: [{ file: 'a', reason: 'b' }],
        singleImageClasses: ['c', 'd'],
        sharedAcrossClasses: [['e', 'f']],
        findings: null,
      },
      plans: [{ phase: 'triplet', from: 1, rate: 1, batchNorm: 'frozen', layers: [], proof: { frozen: 48, unchanged: false } }],
    });
    expect(warnings).toEqual([
      'Of the images: 1 file could not be read and was left out; 1 picture lies in more than one class; 2 classes have a single image. See "The images".',
    ]);
    expect(sentences.at(-1)).toContain('BUT FROZEN VARIABLES MOVED');
  });

  it('says first what leaks across the split', () => {
    const found = (kind: string, what: string) => ({ kind, what, why: 'w', mend: 'm', cases: [] });
    const { warnings } = told({
      data: {
        ...(input({}).data as NonNullable<ReportInput['data']>),
        sharedAcrossClasses: [['e', 'f']],
        findings: [found('leakage', '2 sets of equal files on two sides of the split'), found('grey', '3 grey images')],
      },
    });
    expect(warnings).toEqual([
      'Of the images: 2 sets of equal files on two sides of the split, so the scores are better than the model. See "The images".',
    ]);
  });

  it('of a run under way says so and what there is', () => {
    const epoch = {
      phase: 'classification',
      epoch: 1,
      best: true,
      measure: 'map_at_r',
      figures: {},
      stages: {},
      distances: null,
    };
    const { sentences, warnings } = told({ finished: false, rows: [], exported: null, epochs: [epoch], steps: [] });
    expect(sentences).toEqual([]);
    expect(warnings).toEqual(['This run has not come to its end: 1 epoch is logged. What there is so far is shown.']);
  });
});
