/** A run whose graphs are written for a card gives the numbers it gives with fed maps where these lie on the card, or in the machine's memory. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../src/errors.js';
import { type FreeMemory, placeOfMaps } from '../../src/run/maps-place.js';
import { type Feed, Session } from '../../src/runtime/session.js';
import { outcome, readLines, type Sitting, sharedFolder, TINY, trainParts } from './runs.js';

vi.mock('../../src/runtime/written-for.js', () => ({ writtenFor: 'card', bitExact: false }));

const root = sharedFolder();
const KEYS = [...TINY, 'data.views=2', 'classification.epochs=3', 'triplet.epochs=1', 'classification.evaluateEvery=1'];
const [SMALL, LARGE] = [2 ** 30, 64 * 2 ** 30];
const FED: FreeMemory = { card: SMALL, machine: 2 ** 10 };

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
    fed = await train('fed', KEYS, { freeOnCard: FED });
  });

  it.each([
    ['card', 'on the card', { card: LARGE, machine: 0 }],
    [
      'machine',
      "in the machine's memory, of which a step carries its images' (1.0 GiB are free on the card)",
      { card: SMALL, machine: LARGE },
    ],
  ] as const)(
    'change no weight and no figure, in both phases, and nothing but their places is fed to a step (%s)',
    async (name, words, free) => {
      const feeds: Extract<Feed, { values: unknown }>[] = [];
      const run = Session.prototype.run;
      vi.spyOn(Session.prototype, 'run').mockImplementation(function (this: Session, given, outputs) {
        for (const feed of given) if ('values' in feed) feeds.push(feed);
        return run.call(this, given, outputs);
      });
      const held = await train(name, KEYS, { freeOnCard: free });
      expect({ ...held, maps: [] }).toEqual({ ...fed, maps: [] });
      expect(held.maps.map((line) => line.replace(/: [\d.]+ MiB,/, ','))).toEqual([
        `classification: maps of the frozen part, ${words}`,
        `triplet: maps of the frozen part, ${words}`,
      ]);
      expect(fed.maps.map((line) => line.replace(/^.*, fed/, 'fed'))).toEqual(
        Array(2).fill('fed in each step (1.0 GiB are free on the card, 0.0 MiB in the machine)'),
      );
      const ofStep = feeds.filter(({ name }) => name.startsWith('step/in/'));
      expect(ofStep.filter(({ name }) => name === 'step/in/map').length).toBeGreaterThan(4);
      expect(Math.max(...ofStep.map(({ values }) => values.byteLength))).toBe(8 * 4);
      // Once each, and what is looked at between epochs too.
      const put = Math.max(...feeds.filter(({ name }) => name === 'table/views/to').map(({ values }) => values[0] as number));
      const shown = ofStep.filter(({ name }) => name === 'step/in/map').reduce((sum, { values }) => sum + values.length, 0);
      expect(put).toBeLessThan(shown);
      const looked = feeds.filter(({ name }) => name === 'features/in/map' || name === 'table/images/to');
      expect(looked.some(({ values }) => values instanceof Int32Array)).toBe(true);
      expect(looked.filter(({ name }) => name === 'table/images/to').length).toBeGreaterThan(0);
    },
  );

  it('are looked into where a step is not finite', async () => {
    const message = async (name: string, freeOnCard: FreeMemory) => {
      const keys = [...KEYS, 'triplet=null', 'classification.rate=100', 'classification.newLayers=1e33'];
      const error = await train(name, keys, { freeOnCard }).then(
        () => undefined,
        (caught) => caught,
      );
      expect(error).toBeInstanceOf(UserError);
      return (error as UserError).message.replaceAll(join(root, name), '');
    };
    const found = await message('nan', { card: LARGE, machine: 0 });
    expect(found).toMatch(/not finite/);
    expect(found).toBe(await message('nan-fed', FED));
  });
});

describe('where maps lie', () => {
  const sizes = { tables: 3e9, largest: 3e9, phase: 5e9 };
  it.each([
    ['card', 10e9, 0],
    ['machine', 10e9 - 9, 6e9],
    ['fed', 10e9 - 9, 6e9 - 9],
    ['fed', 0, 0],
  ] as const)('is in the %s with %d bytes free on the card and %d in the machine', (place, card, machine) => {
    expect(placeOfMaps(sizes, { card, machine })).toBe(place);
  });
});
