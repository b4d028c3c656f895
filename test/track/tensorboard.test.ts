import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type DecodedEvent, decodeEvent } from '../../src/track/events.js';
import { recordsOf } from '../../src/track/records.js';
import { tensorboard } from '../../src/track/tensorboard.js';
import type { TrackedRun } from '../../src/track/tracker.js';

const root = mkdtempSync(join(tmpdir(), 'ft-track-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run: TrackedRun = {
  name: 'a-run',
  recipeName: 'smoke',
  recipeText: 'seed: 0\n',
  parameters: { seed: 0 },
  started: 1_700_000_000_000,
  tags: {},
};
let folder: string;
let clock: number;
const now = () => clock;
const open = () => tensorboard(folder, run, now);
const line = (phase: string, epoch: number, loss: number) => ({ phase, epoch, loss });
const names = () => readdirSync(folder);
const events = () => names().flatMap((name) => [...recordsOf(readFileSync(join(folder, name)))].map(decodeEvent));
/** Every figure that the file tells, with the second at which it was told. */
const told = (of: DecodedEvent[] = events()) =>
  of.flatMap(({ wall_time: time, step, summary }) =>
    (summary?.value ?? [])
      .filter(({ simple_value: value }) => value !== undefined)
      .map(({ tag, simple_value: value }) => [tag, step, value, time]),
  );

beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'run-')), 'tensorboard');
  clock = 1_700_000_010_000;
});

describe('the event file of a run', () => {
  it('begins with its version and the word that what was read before counts no more', async () => {
    await open().restate([]);
    const [version, start, ...rest] = events();
    expect(version).toMatchObject({ file_version: 'brain.Event:2' });
    expect(start).toMatchObject({ session_log: { status: 1 }, step: 0 });
    expect(rest.map(({ summary }) => summary?.value[0]?.tag)).toEqual([
      '_hparams_/experiment',
      '_hparams_/session_start_info',
      'recipe',
    ]);
    expect(names()).toEqual(['events.out.tfevents.1700000010.000.ft']);
  });

  it('tells each epoch at its time, then the scores and the end', async () => {
    const tracker = open();
    await tracker.restate([]);
    clock += 1000;
    await tracker.logged(line('classification', 1, 0.5));
    clock += 1000;
    await tracker.logged(line('triplet', 1, 0.25));
    await tracker.scored({
      rows: [
        { name: 'before', figures: { map_at_r: 0.125 } },
        { name: 'triplet', figures: { map_at_r: 0.375 } },
      ],
      exported: 'triplet',
      markdown: '| a |',
      finished: clock + 500,
    });
    clock += 1000;
    await tracker.ended('finished');
    expect(told()).toEqual([
      ['classification/loss', 1, 0.5, 1_700_000_011],
      ['triplet/loss', 1, 0.25, 1_700_000_012],
      ['scores/before/map_at_r', 0, 0.125, 1_700_000_012.5],
      ['scores/triplet/map_at_r', 0, 0.375, 1_700_000_012.5],
      ['exported/map_at_r', 0, 0.375, 1_700_000_012.5],
    ]);
    expect(events().at(-1)).toMatchObject({ summary: { value: [{ tag: '_hparams_/session_end_info' }] } });
  });

  it('tells epochs that were taken back once, those that stay at the time they had, in one file with a later name', async () => {
    const first = open();
    await first.restate([]);
    for (const epoch of [1, 2, 3]) {
      clock += 1000;
      await first.logged(line('triplet', epoch, 1 / 2 ** epoch));
    }
    const [before] = names();
    // What a kill in the middle of a record leaves.
    appendFileSync(join(folder, before as string), Buffer.from([40, 0, 0]));
    clock += 60_000;
    const second = open();
    await second.restate([line('triplet', 1, 0.5), line('triplet', 2, 0.25)]);
    clock += 1000;
    await second.logged(line('triplet', 3, 0.125));
    expect(told()).toEqual([
      ['triplet/loss', 1, 0.5, 1_700_000_011],
      ['triplet/loss', 2, 0.25, 1_700_000_012],
      ['triplet/loss', 3, 0.125, 1_700_000_074],
    ]);
    expect(names()).toHaveLength(1);
    expect((names()[0] as string) > (before as string)).toBe(true);
  });

  it('restated twice within one millisecond gets another name each time, and holds the last', async () => {
    const tracker = open();
    await tracker.restate([line('triplet', 1, 0.5)]);
    const before = names();
    await tracker.restate([]);
    expect(names()).not.toEqual(before);
    expect(told()).toEqual([]);
  });
});
