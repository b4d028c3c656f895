import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadRecipe } from '../../src/recipe/load.js';
import { deviceInWords } from '../../src/runtime/tensorflow.js';
import { ROWS } from '../../src/train/scoring.js';
import { ftChild } from '../run/children.js';
import { readJson, readLines, setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const elsewhere = sharedFolder();
const METRICS = ['recall_at_1', 'recall_at_5', 'recall_at_10', 'map_at_r', 'r_precision'];
const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);

let here: Awaited<ReturnType<typeof ft>>;
let launched: Awaited<ReturnType<typeof ftChild>['ended']>;
let run: string;

beforeAll(async () => {
  // One as a person starts it, in a process of its own; meanwhile another in this one.
  const child = ftChild(['train', 'smoke', ...setting(...TINY)], elsewhere);
  here = await ft(['train', 'smoke'], { folder });
  launched = await child.ended;
  run = join(folder, 'runs', readlinkSync(join(folder, 'runs/latest')));
});

describe('ft train smoke', () => {
  it('ends with exit code 0', () => {
    expect(here.err).not.toContain('fault of ft');
    expect(here.code).toBe(0);
  });

  it('leaves a whole run folder, with runs/latest pointing to it', () => {
    expect(run).toMatch(/runs\/\d{4}-\d\d-\d\d-\d{6}-smoke$/);
    expect(readdirSync(run).sort()).toEqual([
      'checkpoints',
      'data.json',
      'evaluation',
      'export',
      'findings.json',
      'journal.json',
      'manifest.json',
      'metrics.jsonl',
      'model-head.safetensors',
      'model.safetensors',
      'plan.json',
      'recipe.yaml',
      'report.html',
      'scores.json',
      'tensorboard',
    ]);
    expect(readdirSync(join(run, 'export'))).toEqual(['savedmodel']);
    expect(existsSync(join(run, 'export/savedmodel/saved_model.pb'))).toBe(true);
    expect(existsSync(join(run, 'checkpoints/last.safetensors'))).toBe(false);
  });

  it('keeps the resolved recipe, from which the same run is made again', () => {
    expect(loadRecipe(join(run, 'recipe.yaml')).recipe).toEqual(loadRecipe('smoke').recipe);
  });

  it('writes a manifest with versions, hashes of data and weights, and the proof that frozen was frozen in both phases', () => {
    const manifest = readJson(run, 'manifest.json');
    expect(manifest).toMatchObject({
      recipe: 'smoke',
      seed: 0,
      versions: { node: process.versions.node, tensorflow: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      data: { name: 'emoji', images: 96, classes: 24, skipped: 0, fingerprint: sha256 },
      weights: { name: 'resnet50-thin', sha256 },
      recipe_sha256: sha256,
      started: expect.any(String),
      finished: expect.any(String),
    });
    for (const phase of ['classification', 'triplet']) {
      const proof = manifest.frozen[phase];
      expect(proof).toMatchObject({ frozen: 48, unchanged: true, moved: [] });
      expect(Object.keys(proof.variables)).toHaveLength(48);
      expect(proof.variables['conv3_4_c/kernel']).toEqual({ before: sha256, after: proof.variables['conv3_4_c/kernel'].before });
      expect(proof.variables['conv4_1_a/kernel']).toBeUndefined();
    }
  });

  it('logs each epoch of both phases', () => {
    const [classification, triplet, ...more] = readLines(run, 'metrics.jsonl');
    expect(more).toEqual([]);
    const number = expect.any(Number);
    const both = {
      epoch: 1,
      loss: number,
      images_per_second: number,
      rate: number,
      validation: number,
      held_out_recall_at_1: number,
    };
    expect(classification).toMatchObject({ phase: 'classification', accuracy: number, steps: 2, ...both });
    expect(triplet).toMatchObject({ phase: 'triplet', active: number, positive: number, negative: number, steps: 2, ...both });
    expect(classification.loss).toBeGreaterThan(0);
    expect(triplet.negative).toBeGreaterThan(triplet.positive);
  });

  it('writes scores.json: each stage plain and whitened on the same queries, and which of them is exported', () => {
    const { exported, exported_because: reason, differences, ...rows } = readJson(run, 'scores.json');
    expect(Object.keys(rows)).toEqual([...ROWS]);
    expect(ROWS).toContain(exported);
    expect(reason).toContain('validation');
    for (const name of ROWS) {
      expect(rows[name]).toMatchObject({
        queries: 48,
        left_out: 0,
        dimensions: name === 'before' || name === 'classification' ? 1024 : 16,
      });
      for (const metric of METRICS) {
        const value = rows[name][metric];
        expect(value).toBeGreaterThan(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(rows[name].intervals[metric].low).toBeLessThanOrEqual(value);
        expect(rows[name].intervals[metric].high).toBeGreaterThanOrEqual(value);
      }
    }
    // ImageNet features find half of these drawings by other artists; chance would be 3 in 47.
    expect(rows.before.recall_at_1).toBeGreaterThan(0.4);
    expect(Object.keys(differences)).toHaveLength(7);
    expect(differences['classification − before'].recall_at_1.value).toBeCloseTo(
      rows.classification.recall_at_1 - rows.before.recall_at_1,
      9,
    );
  });

  it('exports a row with the dimensions that were asked for, chosen by the validation classes', () => {
    const { exported, exported_because: because, ...rows } = readJson(run, 'scores.json');
    const wanted = ROWS.filter((name) => rows[name].dimensions === 16);
    const best = Math.max(...wanted.map((name) => rows[name].validation_map_at_r));
    expect(rows[exported].dimensions).toBe(16);
    if (rows[exported].validation_map_at_r < best) {
      expect(because).toContain('the last row within a standard error of the highest');
      // Every later one was too far below.
      expect(because).toContain(best.toFixed(3));
    } else expect(because).toBe(`the highest MAP@R on the validation classes (${best.toFixed(3)})`);
  });

  it('shows the rows, what was frozen, where things lie and what to try next', () => {
    const rows = readJson(run, 'scores.json');
    const name = run.slice(folder.length + 1);
    expect(here.out).toContain('Retrieval of 12 classes never seen in training (48 images), 95 % intervals');
    for (const row of ROWS) {
      const { recall_at_1: recall } = rows[row].intervals;
      const cell = `${recall.value.toFixed(3)} [${recall.low.toFixed(3)}, ${recall.high.toFixed(3)}]`;
      expect(here.out).toContain(cell);
      expect(here.out).toMatch(new RegExp(`^${rows.exported === row ? '▸ ' : '  '}${row} +${rows[row].dimensions} `, 'm'));
    }
    expect(here.out).toContain(`exported: ${rows.exported}, `);
    expect(here.out).toContain(
      'frozen in the classification phase: up to conv3, 48 variables (0.37 of 5.90 million parameters): proved unchanged, byte by byte',
    );
    expect(here.out).toContain('frozen in the triplet phase: up to conv3, 48 variables');
    expect(here.out).toMatch(/training .+, this call .+, peak memory \d+ MiB/);
    expect(here.out).toContain(`model   ${name}/export/savedmodel (compared on 48 images: cosine ≥ `);
    expect(here.out).toContain(`  ft evaluate ${name}\n`);
    expect(here.err).toContain('emoji: 96 images in 24 classes\n');
    expect(here.err).toContain(`run folder: ${name}\n`);
  });

  it('refuses a FT_CACHE_MAX that is no size before there is another run', async () => {
    const before = readdirSync(join(folder, 'runs'));
    process.env.FT_CACHE_MAX = 'much';
    try {
      const { code, err } = await ft(['train', 'smoke'], { folder });
      expect(code).toBe(2);
      expect(err).toContain('FT_CACHE_MAX: this is no size\n');
      expect(readdirSync(join(folder, 'runs'))).toEqual(before);
    } finally {
      delete process.env.FT_CACHE_MAX;
    }
  });

  it('says all that in lines of at most 130 letters', () => {
    for (const line of here.out.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(130);
  });
});

describe('the launcher', () => {
  it('ends with exit code 0 and says the same, with nothing of TensorFlow among it', () => {
    expect(launched).toMatchObject({ code: 0, signal: null });
    const run = `runs/${readlinkSync(join(elsewhere, 'runs/latest'))}`;
    // On a busy machine a piece of work may take long enough to say how far it is.
    const progress = /: [\d,]+(\/[\d,]+)? (images|steps|model) (\(|in [\d.]+ m?s|in \d+ min)/;
    const lines = launched.err.replace(/[\d.]+ (images\/s|%)/g, 'N $1').split('\n');
    // Said by the runtime for cards on a machine without one, where the suite is run by that.
    const device = deviceInWords();
    expect(lines.filter((line) => !progress.test(line) && line !== device)).toEqual([
      'emoji: 48 images in 12 classes',
      `run folder: ${run}`,
      expect.stringMatching(
        /^classification 1\/1: loss [\d.]+, accuracy N %, N images\/s \(N % of the time waiting for them\), validation MAP@R [\d.]+, held-out R@1 [\d.]+$/,
      ),
      expect.stringMatching(
        /^triplet 1\/1: loss [\d.]+, N % active, d\(a,p\) [\d.]+, d\(a,n\) [\d.]+, N images\/s \(N % of the time waiting for them\), /,
      ),
      '',
    ]);
    expect(launched.out).toContain(`scores  ${run}/scores.json`);
    expect(readFileSync(join(elsewhere, run, 'scores.json'), 'utf8')).toContain('"exported"');
  });
});
