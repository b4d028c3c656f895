/** Runs with maps on a card that are cut off, and such in bf16. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { onlyRun, outcome, type Sitting, sharedFolder, TINY, trainParts } from './runs.js';

vi.mock('../../src/runtime/written-for.js', () => ({ writtenFor: 'card', bitExact: false }));

const root = sharedFolder();
const KEYS = [...TINY, 'data.views=2', 'classification.epochs=3', 'triplet.epochs=2', 'classification.evaluateEvery=1'];
const ON_CARD = { card: 64 * 2 ** 30, machine: 0 };
const IN_MACHINE = { card: 2 ** 30, machine: 64 * 2 ** 30 };
const FED = { card: 2 ** 30, machine: 0 };

async function train(name: string, keys: readonly string[], sitting: Sitting) {
  const lines: string[] = [];
  const said = (line: string) => lines.push(line);
  const run = await trainParts(join(root, name), keys, { ...sitting, mapsFolder: join(root, 'maps'), said });
  return { files: outcome(run.path), maps: lines.filter((line) => line.includes('maps of the frozen part')) };
}

describe('maps of the frozen part on a card', () => {
  let fed: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    fed = await train('fed', KEYS, { freeOnCard: FED });
  });

  it('do not keep a killed run from going on to the same numbers', async () => {
    const killed = { killed: 9, saveEvery: 0, freeOnCard: ON_CARD };
    await train('killed', KEYS, killed).catch(() => {});
    const resumed = await train('killed', KEYS, { resume: onlyRun(join(root, 'killed')), freeOnCard: ON_CARD });
    expect(resumed.files).toEqual(fed.files);
  });

  it('take half the room in bf16, and give the numbers of fed ones in it', async () => {
    const keys = [...KEYS, 'classification.epochs=1', 'triplet.epochs=1', 'frozenMaps=bf16'];
    const half = await train('half', keys, { freeOnCard: ON_CARD });
    const halfFed = await train('half-fed', keys, { freeOnCard: FED });
    expect(half.files).toEqual(halfFed.files);
    expect((await train('half-machine', keys, { freeOnCard: IN_MACHINE })).files).toEqual(halfFed.files);
    expect(half.files['model.safetensors']).not.toBe(fed.files['model.safetensors']);
    const mib = (line: string | undefined) => Number(/([\d.]+) MiB/.exec(line ?? '')?.[1]);
    expect(mib(half.maps[0]) / mib(fed.maps[0])).toBeCloseTo(0.5, 1);
  });
});
