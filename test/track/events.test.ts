import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decodeEvent,
  fileVersion,
  histogram,
  hparams,
  hparamsEnd,
  scalar,
  sessionStart,
  summaryEvent,
  text,
} from '../../src/track/events.js';

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Record<string, string>;
const TIME = 1700000000.25;
const [experiment, start] = hparams({ 'a.rate': 0.5 }, ['exported/map_at_r'], 1700000000);

describe('an event', () => {
  it.each([
    ['version', fileVersion(TIME)],
    ['start', sessionStart(TIME)],
    ['scalar', summaryEvent(TIME, 7, [scalar('triplet/loss', 0.1)])],
    ['text', summaryEvent(TIME, 0, [text('scores', '| R@1 ≥ |')])],
    ['histogram', summaryEvent(TIME, 3, [histogram('triplet/positive', { edges: [0, 0.5, 2, 4], counts: [3, 0, 7] })])],
    ['hparams_experiment', summaryEvent(TIME, 0, [experiment as NonNullable<typeof experiment>])],
    ['hparams_start', summaryEvent(TIME, 0, [start as NonNullable<typeof start>])],
    ['hparams_end', summaryEvent(TIME, 0, [hparamsEnd('finished', 1700000009.5)])],
  ])("of kind %s has the bytes that TensorBoard's own messages have", (name, bytes) => {
    expect(Buffer.from(bytes).toString('hex')).toBe(golden[name]);
  });

  it('is read back with its time, step and values', () => {
    const event = decodeEvent(summaryEvent(TIME, 2 ** 40, [scalar('a', 0.5), scalar('b', -1)]));
    expect(event).toMatchObject({ wall_time: TIME, step: 2 ** 40 });
    expect(event.summary?.value).toEqual([
      { tag: 'a', simple_value: 0.5 },
      { tag: 'b', simple_value: -1 },
    ]);
  });
});
