/** A run whose graphs are written for a card gives the numbers it gives with fed maps where these lie on the card. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../src/errors.js';
import { fitOnCard } from '../../src/run/maps-on-card.js';
import { type Feed, Session } from '../../src/runtime/session.js';
import { outcome, readLines, type Sitting, sharedFolder, TINY, trainParts } from './runs.js';

vi.mock('../../src/runtime/written-for.js', () => ({ writtenFor: 'card', bitExact: false }));

const root = sharedFolder();
const KEYS = [...TINY, 'data.views=2', 'classification.epochs=3', 'triplet.epochs=1', 'classification.evaluateEvery=1'];
const LARGE = 64 * 2 ** 30;

async function train(name: string, keys: readonly string[], sitting: Sitting) {
  const lines: string[] = [];
  const run = await trainParts(join(root, name), keys, {
    ...sitting,
    mapsFolder: join(root, 'maps'),
    said: (line) => lines.push(line),
  });
  const epochs = readLines(run.path, 'metrics.jsonl').map(({ images_per_second, waiting, ...rest }) => rest);
  return { ...outcome(run.path), epochs, maps: lines.filter((line) => line.includes('maps of the frozen part')) };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('maps of the frozen part on a card', () => {
  let fed: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    fed = await train('fed', KEYS, { freeOnCard: 2 ** 30 });
  });

  it('change no weight and no figure, in both phases, and nothing but their places is fed to a step', async () => {
    const feeds: Extract<Feed, { values: unknown }>[] = [];
    const run = Session.prototype.run;
    vi.spyOn(Session.prototype, 'run').mockImplementation(function (this: Session, given, outputs) {
      for (const feed of given) if ('values' in feed) feeds.push(feed);
      return run.call(this, given, outputs);
    });
    const held = await train('held', KEYS, { freeOnCard: LARGE });
    expect({ ...held, maps: [] }).toEqual({ ...fed, maps: [] });
    expect(held.maps).toEqual([
      expect.stringMatching(/^classification: maps of the frozen part: \d+(\.\d)? MiB, on the card$/),
      expect.stringMatching(/^triplet: maps of the frozen part: \d+(\.\d)? MiB, on the card$/),
    ]);
    expect(fed.maps.map((line) => line.replace(/^.*, fed/, 'fed'))).toEqual(
      Array(2).fill('fed in each step (1.0 GiB are free on the card)'),
    );
    const ofStep = feeds.filter(({ name }) => name.startsWith('step/in/'));
    expect(ofStep.filter(({ name }) => name === 'step/in/map').length).toBeGreaterThan(4);
    expect(Math.max(...ofStep.map(({ values }) => values.byteLength))).toBe(8 * 4);
    // Once each, and what is looked at between epochs too.
    const put = feeds.filter(({ name }) => name === 'table/views/rows').map(({ shape }) => shape[0] as number);
    const shown = ofStep.filter(({ name }) => name === 'step/in/map').reduce((sum, { values }) => sum + values.length, 0);
    expect(put.reduce((sum, count) => sum + count, 0)).toBeLessThan(shown);
    const looked = feeds.filter(({ name }) => name === 'features/in/map' || name === 'table/images/rows');
    expect(looked.some(({ values }) => values instanceof Int32Array)).toBe(true);
    expect(looked.filter(({ name }) => name === 'table/images/rows').length).toBeGreaterThan(0);
  });

  it('are looked into where a step is not finite', async () => {
    const message = async (name: string, freeOnCard: number) => {
      const keys = [...KEYS, 'triplet=null', 'classification.rate=100', 'classification.newLayers=1e33'];
      const error = await train(name, keys, { freeOnCard }).then(
        () => undefined,
        (caught) => caught,
      );
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).message.replaceAll(join(root, name), '');
    };
    const found = await message('nan', LARGE);
    expect(found).toMatch(/not finite/);
    expect(found).toBe(await message('nan-fed', 2 ** 30));
  });
});

describe('what fits on a card', () => {
  it('is the maps, the phase and a gigabyte, in nine tenths of what is free', () => {
    expect(fitOnCard({ maps: 3e9, phase: 5e9, free: 10e9 })).toBe(true);
    expect(fitOnCard({ maps: 3e9 + 1, phase: 5e9, free: 10e9 })).toBe(false);
    expect(fitOnCard({ maps: 0, phase: 0, free: 0 })).toBe(false);
  });
});
