import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import {
  ftChild,
  hasRun,
  onlyRun,
  outcome,
  readLines,
  setting,
  sharedFolder,
  signalWhen,
  TINY,
  trainParts,
} from '../run/runs.js';

const KEYS = [...TINY, 'classification.epochs=3', 'triplet.epochs=3', 'head.init=random'];
/** With another seed, other moments. */
const seed = Number(process.env.FT_FAULTS_SEED ?? 1);
const root = sharedFolder();
let whole: Record<string, string>;

beforeAll(async () => {
  whole = outcome((await trainParts(join(root, 'whole'), KEYS)).path);
});

describe('a run that is asked to stop', () => {
  it('at any moment whatever goes on to the same bytes', async () => {
    let ended = false;
    let stops = 0;
    for (let allowed = 1; !ended; allowed++) {
      const folder = join(root, `stop-${allowed}`);
      ended = await trainParts(folder, KEYS, { allowed }).then(
        () => true,
        () => false,
      );
      if (ended) break;
      stops++;
      const { path } = await trainParts(folder, KEYS, { resume: onlyRun(folder) });
      expect(outcome(path), `stopped at moment ${allowed}`).toEqual(whole);
    }
    // 3 × 3 calls for scores, 6 + 9 steps, and the evaluation of every epoch.
    expect(stops).toBeGreaterThan(30);
  });

  it('after every third moment, over and over, goes on to the same bytes', async () => {
    const folder = join(root, 'thirds');
    let path: string | undefined;
    for (let sitting = 0; sitting < 100; sitting++) {
      const resume: { resume?: string } = path === undefined ? {} : { resume: path };
      const done = await trainParts(folder, KEYS, { allowed: 3, ...resume }).then(
        () => true,
        () => false,
      );
      path = onlyRun(folder);
      if (done) break;
    }
    expect(outcome(path as string)).toEqual(whole);
  });
});

describe('a run that is killed', () => {
  it('at random moments, again and again, goes on to the same bytes and logs each epoch once', async () => {
    const random = randomStream(seed, 'derive');
    for (let round = 0; round < 4; round++) {
      const folder = join(root, `killed-${round}`);
      mkdirSync(folder);
      for (let kills = 0; ; kills++) {
        const runs = join(folder, 'runs');
        const started = hasRun(runs);
        const child = ftChild(started ? ['train', '--resume', 'runs/latest'] : ['train', 'smoke', ...setting(...KEYS)], folder);
        if (kills === 6) {
          expect((await child.ended).code).toBe(0);
          break;
        }
        const delay = 500 + 4000 * random.uniform();
        const timer = setTimeout(() => child.process.kill('SIGKILL'), delay);
        const { code } = await child.ended;
        clearTimeout(timer);
        if (code === 0) break;
      }
      const run = onlyRun(join(folder, 'runs'));
      expect(outcome(run), `round ${round} of seed ${seed}`).toEqual(whole);
      expect(readLines(run, 'metrics.jsonl').map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(
        ['classification', 'triplet'].flatMap((phase) => [1, 2, 3].map((epoch) => `${phase} ${epoch}`)),
      );
      expect(readdirSync(join(run, 'export'))).toContain('savedmodel');
    }
  });

  it('by a second Ctrl-C leaves at once with 130 and goes on from the last epoch', async () => {
    const folder = join(root, 'twice');
    mkdirSync(folder);
    const runs = join(folder, 'runs');
    const long = KEYS.map((key) => key.replace('epochs=3', 'epochs=30'));
    const child = ftChild(['train', 'smoke', ...setting(...long)], folder);
    const ready = () => hasRun(runs) && readLines(onlyRun(runs), 'metrics.jsonl').length >= 2;
    let told = '';
    child.process.stderr?.on('data', (data) => {
      told += data;
      if (told.includes('Ctrl-C again')) child.process.kill('SIGINT');
    });
    expect(await signalWhen(child, 'SIGINT', ready)).toMatchObject({ code: 130 });
    expect((await ftChild(['train', '--resume', 'runs/latest'], folder).ended).code).toBe(0);
    expect(readLines(onlyRun(runs), 'metrics.jsonl')).toHaveLength(60);
  });
});

describe('a disk that is full', () => {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=700k', 'ft-faults', disk]).status === 0;

  it.skipIf(!mounted)(
    'ends the run with words, and with room it goes on to the same bytes (needs the right to mount)',
    async () => {
      try {
        const child = ftChild(['train', 'smoke', ...setting(...KEYS), '--runs', disk], root);
        const { code, err } = await child.ended;
        expect(code).toBe(2);
        expect(err).toContain('the disk is full\n  do this:  make room; `ft train --resume RUN` goes on');
        expect(readdirSync(disk, { recursive: true }).filter((file) => String(file).includes('part-'))).toEqual([]);
        spawnSync('mount', ['-o', 'remount,size=50m', disk]);
        expect((await ftChild(['train', '--resume', join(disk, 'latest')], root).ended).code).toBe(0);
        expect(outcome(onlyRun(disk))).toEqual(whole);
      } finally {
        spawnSync('umount', [disk]);
      }
    },
  );
});
