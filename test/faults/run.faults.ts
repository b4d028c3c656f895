import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import { ftChild, signalWhen } from '../run/children.js';
import { hasRun, onlyRun, outcome, readLines, setting, sharedFolder, TINY, trainParts } from '../run/runs.js';

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
  it('20 times at random moments, by SIGKILL or Ctrl-C, goes on to the same bytes and logs each epoch once', async () => {
    const random = randomStream(seed, 'derive');
    // As long as one whole run takes on this machine, from its folder to its end.
    const began = performance.now();
    await trainParts(join(root, 'timed'), KEYS);
    const long = performance.now() - began;
    const dead = { SIGKILL: 0, SIGINT: 0 };
    for (let round = 0; dead.SIGKILL + dead.SIGINT < 20; round++) {
      const folder = join(root, `killed-${round}`);
      mkdirSync(folder);
      const runs = join(folder, 'runs');
      for (let ended = false; !ended; ) {
        const workers = Math.floor(3 * random.uniform());
        const argv = hasRun(runs)
          ? ['train', '--resume', 'runs/latest']
          : ['train', 'smoke', ...setting(...KEYS, `data.workers=${workers}`)];
        const child = ftChild(argv, folder);
        const signal = random.uniform() < 0.5 ? 'SIGKILL' : 'SIGINT';
        const enough = dead.SIGKILL + dead.SIGINT >= 20;
        let told = '';
        let timer: NodeJS.Timeout | undefined;
        const delay = 0.7 * long * random.uniform();
        child.process.stderr?.on('data', (data) => {
          told += data;
          if (timer === undefined && !enough && told.includes('run folder: '))
            timer = setTimeout(() => child.process.kill(signal), delay);
        });
        const { code } = await child.ended;
        clearTimeout(timer);
        ended = code === 0;
        if (!ended) {
          expect(code, told).toBe(signal === 'SIGKILL' ? null : 130);
          dead[signal]++;
        }
      }
      const run = onlyRun(runs);
      expect(outcome(run), `round ${round} of seed ${seed}`).toEqual(whole);
      expect(readLines(run, 'metrics.jsonl').map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(
        ['classification', 'triplet'].flatMap((phase) => [1, 2, 3].map((epoch) => `${phase} ${epoch}`)),
      );
      expect(readdirSync(join(run, 'export'))).toContain('savedmodel');
    }
    expect(Math.min(dead.SIGKILL, dead.SIGINT)).toBeGreaterThan(3);
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
