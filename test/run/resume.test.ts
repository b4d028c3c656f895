import { appendFileSync, closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scanFolder } from '../../src/data/folder.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { pixelsAt } from '../../src/data/pixels.js';
import { ft } from '../cli/terminal.js';
import { putTree } from '../data/images.js';
import { ftChild, signalWhen } from './children.js';
import { hasRun, onlyRun, outcome, readJson, readLines, setting, sharedFolder, TINY, trainParts } from './runs.js';

/** Enough epochs that a signal falls into the middle of a phase; without validation the last weights count, so every step does. */
const LONG = [...TINY, 'data.validation=0', 'classification.epochs=20', 'triplet.epochs=20'];
const epochsOf = (run: string, phase: string) => readLines(run, 'metrics.jsonl').filter((line) => line.phase === phase).length;

describe('a run that was stopped goes on to the same bytes', () => {
  const root = sharedFolder();
  const keys = [...TINY, 'classification.epochs=2', 'triplet.epochs=2', 'head.init=random'];
  let whole: string;

  beforeAll(async () => {
    whole = (await trainParts(join(root, 'whole'), keys)).path;
  });

  it('stopped again and again: before the first step, between steps, while an epoch is evaluated, while scores are computed', async () => {
    let path: string | undefined;
    const stops: string[] = [];
    for (const allowed of [2, 4, 7, 5, 11, Number.POSITIVE_INFINITY]) {
      try {
        const before: { resume?: string } = path === undefined ? {} : { resume: path };
        path = (await trainParts(join(root, 'parts'), keys, { allowed, ...before })).path;
      } catch (error) {
        stops.push((error as Error).message);
        path ??= onlyRun(join(root, 'parts'));
      }
    }
    expect(stops.length).toBe(5);
    expect(stops[0]).toContain('stopped while features were computed');
    expect(stops.join('\n')).toMatch(/stopped in the classification phase, epoch \d of 2, after step \d of 2/);
    expect(stops.join('\n')).toMatch(/stopped in the triplet phase/);
    expect(outcome(path as string)).toEqual(outcome(whole));
  });

  it('writes every epoch into the log once, as a run that was not stopped', () => {
    const figures = (run: string) =>
      readLines(run, 'metrics.jsonl').map(({ images_per_second: speed, waiting, ...rest }) => {
        expect(speed).toBeGreaterThan(0);
        expect(waiting).toBeGreaterThanOrEqual(0);
        return rest;
      });
    expect(figures(onlyRun(join(root, 'parts')))).toEqual(figures(whole));
  });
});

describe('ft train, stopped from outside', () => {
  const root = sharedFolder();
  const politely = sharedFolder();
  const brutally = sharedFolder();
  let whole: Record<string, string>;

  beforeAll(async () => {
    whole = outcome((await trainParts(root, LONG)).path);
  });

  it('by Ctrl-C in each phase ends with 130, says how to go on, and goes on to the same weights', async () => {
    const runs = join(politely, 'runs');
    const during = (phase: string) => () => hasRun(runs) && epochsOf(onlyRun(runs), phase) >= 1;
    const first = await signalWhen(
      ftChild(['train', 'smoke', ...setting(...LONG)], politely),
      'SIGINT',
      during('classification'),
    );
    expect(first.code).toBe(130);
    const run = onlyRun(runs);
    const name = run.slice(politely.length + 1);
    expect(first.err).toContain('\nfinishing the step and writing a checkpoint (Ctrl-C again to leave at once)\n');
    expect(first.err).toMatch(
      new RegExp(`\\nstopped in the classification phase.* of .*\\ngo on with: ft train --resume ${name}\\n$`),
    );
    expect(first.out).toBe('');
    expect(epochsOf(run, 'triplet')).toBe(0);

    const second = await signalWhen(ftChild(['train', '--resume', name], politely), 'SIGINT', during('triplet'));
    expect(second.code).toBe(130);
    expect(second.err).toMatch(/\nstopped in the triplet phase.*\ngo on with: /);
    const evaluated = await ft(['evaluate', name], { folder: politely });
    expect([evaluated.code, evaluated.err]).toEqual([
      2,
      `${run}: this run has not come to its end\n  do this:  ft train --resume ${name}\n`,
    ]);

    const third = await ftChild(['train', '--resume', 'runs/latest'], politely).ended;
    expect(third.code).toBe(0);
    expect(third.out).toContain(`run     ${name}\n`);
    expect(outcome(run)).toEqual(whole);
  });

  it('by a kill goes on from the last epoch to the same weights, and leaves nothing half', async () => {
    const runs = join(brutally, 'runs');
    const during = (phase: string) => () => hasRun(runs) && epochsOf(onlyRun(runs), phase) >= 1;
    const killed = await signalWhen(ftChild(['train', 'smoke', ...setting(...LONG)], brutally), 'SIGKILL', during('triplet'));
    expect(killed.signal).toBe('SIGKILL');
    const run = onlyRun(runs);
    // As if the kill had come in the middle of a line.
    appendFileSync(join(run, 'metrics.jsonl'), '{"phase":"trip');
    const { code } = await ftChild(['train', '--resume', 'runs/latest'], brutally).ended;
    expect(code).toBe(0);
    expect(outcome(run)).toEqual(whole);
    expect(readLines(run, 'metrics.jsonl').map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(
      ['classification', 'triplet'].flatMap((phase) => Array.from({ length: 20 }, (_, i) => `${phase} ${i + 1}`)),
    );
  });
});

describe('a resumed run', () => {
  const folder = sharedFolder();
  const small = [
    ...TINY,
    'data.classes=null',
    'head.dimensions=4',
    'classification.epochs=1',
    'triplet.epochs=1',
    'triplet.classesPerBatch=2',
    'triplet.rate=1e-4', // images of one colour each lie close to a line from the start: more would be called a collapse
  ];
  let run: string;

  beforeAll(async () => {
    await putTree(join(folder, 'photos'), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], 3, 16);
    const { code, err } = await ft(['train', 'smoke', ...setting(...small), '--data', 'photos'], { folder });
    if (code !== 0) throw new Error(err);
    run = onlyRun(join(folder, 'runs'));
  });

  it('decodes an image again whose cached pixels are damaged, and comes to the same scores', async () => {
    const decoded = await cachePixels(await scanFolder(join(folder, 'photos')), { side: 32 });
    const file = openSync(decoded.storePath, 'r+');
    // Sample 4 is of the held-out class b.
    writeSync(file, Uint8Array.of(1, 2, 3, 4), 0, 4, pixelsAt + 4 * 32 * 32 * 3 + 100);
    closeSync(file);
    const { code, out, err } = await ft(['evaluate', 'runs/latest', '--json'], { folder });
    expect([code, err]).toEqual([0, expect.stringContaining('the cached pixels of b/1.png were damaged: decoded again\n')]);
    const { exported, ...rows } = readJson(run, 'scores.json');
    expect(JSON.parse(out).scores.map_at_r).toBeCloseTo(rows[exported].map_at_r, 6);
  });

  it('refuses a checkpoint that is cut short, and says what to do', async () => {
    await cp(run, join(folder, 'runs/cut'), { recursive: true });
    const { phases, stages } = readJson(run, 'journal.json');
    writeFileSync(
      join(folder, 'runs/cut/journal.json'),
      JSON.stringify({
        phases: { classification: phases.classification },
        stages: { before: stages.before, classification: stages.classification },
      }),
    );
    const last = join(folder, 'runs/cut/checkpoints/last.safetensors');
    writeFileSync(last, readFileSync(join(run, 'checkpoints/triplet.safetensors')).subarray(0, 5000));
    const { code, err } = await ft(['train', '--resume', 'cut'], { folder });
    expect(code).toBe(2);
    expect(err).toContain(`${last}: this checkpoint cannot be read\n`);
    expect(err).toContain('do this:  remove it: the triplet phase then starts anew');
    rmSync(last);
    expect((await ft(['train', '--resume', 'cut'], { folder })).code).toBe(0);
    expect(outcome(join(folder, 'runs/cut'))).toEqual(outcome(run));
  });

  it('refuses other images', async () => {
    await cp(join(folder, 'photos'), join(folder, 'kept'), { recursive: true });
    await putTree(join(folder, 'photos'), ['i'], 3, 16);
    const { code, err } = await ft(['train', '--resume', 'runs/latest'], { folder });
    expect(code).toBe(2);
    expect(err).toContain('the images are not the ones that the run was started with\n  expected: ');
    expect(err).toContain('do this:  start a new run');
    const evaluated = await ft(['evaluate', 'runs/latest'], { folder });
    expect(evaluated.code).toBe(0);
    expect(evaluated.err).toContain('the images are not the ones that the run was scored on');
  });

  it('refuses another recipe in its folder', async () => {
    const recipe = join(run, 'recipe.yaml');
    const before = readFileSync(recipe, 'utf8');
    writeFileSync(recipe, before.replace('margin: 1', 'margin: 0.5'));
    const { code, err } = await ft(['train', '--resume', 'runs/latest'], { folder });
    writeFileSync(recipe, before);
    expect(code).toBe(2);
    expect(err).toContain('the recipe in the run folder is not the one that the run was started with');
  });

  it('names a file of the run that is damaged', async () => {
    await cp(run, join(folder, 'runs/damaged'), { recursive: true });
    writeFileSync(join(folder, 'runs/damaged/manifest.json'), '{"recipe":');
    const { code, err } = await ft(['train', '--resume', 'damaged'], { folder });
    expect(code).toBe(2);
    expect(err).toContain('damaged/manifest.json: a file of this run cannot be read');
  });

  it('keeps the folder of images in full, so that it is found from anywhere', async () => {
    expect(readFileSync(join(run, 'recipe.yaml'), 'utf8')).toContain(`folder: ${join(folder, 'photos')} `);
    expect(readJson(run, 'manifest.json').data).toMatchObject({ name: 'photos', images: 24, classes: 8 });
    expect(readdirSync(join(folder, 'runs')).sort()).toContain('latest');
  });
});
