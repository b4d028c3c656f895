import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/data/random.js';
import { ftChild, signalWhen } from '../run/children.js';
import { hasRun, onlyRun, outcome, readLines, setting, sharedFolder, TINY, trainParts } from '../run/runs.js';

const KEYS = [
  ...TINY,
  'classification.epochs=3',
  'classification.thaw=[{ epoch: 2, until: conv1 }]',
  'classification.ema=0.9',
  'triplet.epochs=3',
  'triplet.ema=0.8',
  'triplet.patience=2',
  'head.init=random',
];
/** With another seed, other moments. */
const seed = Number(process.env.FT_FAULTS_SEED ?? 1);
const root = sharedFolder();
let whole: Record<string, string>;

/** Mounted for the last test. Let go here, before the folder goes: the hooks of a test that was not asked for are not run. */
const disk = join(root, 'disk');
const unmount = () => spawnSync('umount', ['-q', disk]);
afterAll(() => void unmount());

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
  /** A sitting that gets a signal some time after it has opened its run; without one it comes to its end. Seconds from there. */
  async function sitting(argv: string[], folder: string, signal?: NodeJS.Signals, delay = 0) {
    const child = ftChild(argv, folder);
    let told = '';
    let opened = 0;
    let timer: NodeJS.Timeout | undefined;
    child.process.stderr?.on('data', (data) => {
      told += data;
      if (opened > 0 || !told.includes('run folder: ')) return;
      opened = performance.now();
      if (signal !== undefined) timer = setTimeout(() => child.process.kill(signal), delay);
    });
    const { code } = await child.ended;
    clearTimeout(timer);
    return { code, told, took: performance.now() - opened };
  }

  it('20 times at random moments, by SIGKILL or Ctrl-C, goes on to the same bytes and logs each epoch once', async () => {
    const random = randomStream(seed, 'derive');
    const first = ['train', 'smoke', ...setting(...KEYS)];
    let { took } = await sitting([...first, '--runs', 'timed'], root);
    const killed = { SIGKILL: 0, SIGINT: 0 };
    const kills = () => killed.SIGKILL + killed.SIGINT;
    for (let round = 0; kills() < 20; round++) {
      const folder = join(root, `killed-${round}`);
      mkdirSync(folder);
      const runs = join(folder, 'runs');
      const enough = Math.min(20, kills() + 5);
      for (let ended = false; !ended; ) {
        const signal = random.uniform() < 0.6 ? 'SIGKILL' : 'SIGINT';
        const delay = 0.6 * took * random.uniform();
        const argv = hasRun(runs) ? ['train', '--resume', 'runs/latest'] : first;
        const stopped = await sitting(argv, folder, kills() < enough ? signal : undefined, delay);
        ended = stopped.code === 0;
        // What is left of a run takes less than the whole: a signal that came too late makes the next ones come earlier.
        if (ended) took = kills() < enough ? Math.min(took, stopped.took) : took;
        else {
          expect(stopped.code, stopped.told).toBe(signal === 'SIGKILL' ? null : 130);
          killed[signal]++;
        }
      }
      const run = onlyRun(runs);
      expect(outcome(run), `round ${round} of seed ${seed}`).toEqual(whole);
      expect(readLines(run, 'metrics.jsonl').map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual(
        ['classification', 'triplet'].flatMap((phase) => [1, 2, 3].map((epoch) => `${phase} ${epoch}`)),
      );
      expect(readdirSync(join(run, 'export'))).toContain('savedmodel');
    }
    expect([kills(), Math.min(killed.SIGKILL, killed.SIGINT) > 0]).toEqual([20, true]);
  });

  it('by a second Ctrl-C leaves at once, by the signal itself, and goes on from the last epoch', async () => {
    const folder = join(root, 'twice');
    mkdirSync(folder);
    const runs = join(folder, 'runs');
    // Patience would end it early.
    const patient = ['classification.patience=null', 'triplet.patience=null'];
    const long = [...KEYS.map((key) => key.replace('epochs=3', 'epochs=30')), ...patient];
    const child = ftChild(['train', 'smoke', ...setting(...long)], folder);
    const ready = () => hasRun(runs) && readLines(onlyRun(runs), 'metrics.jsonl').length >= 2;
    let told = '';
    child.process.stderr?.on('data', (data) => {
      told += data;
      if (told.includes('Ctrl-C again')) child.process.kill('SIGINT');
    });
    expect(await signalWhen(child, 'SIGINT', ready)).toMatchObject({ code: null, signal: 'SIGINT' });
    expect((await ftChild(['train', '--resume', 'runs/latest'], folder).ended).code).toBe(0);
    expect(readLines(onlyRun(runs), 'metrics.jsonl')).toHaveLength(60);
  });
});

describe('a disk that is full', () => {
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
        unmount();
      }
    },
  );
});
