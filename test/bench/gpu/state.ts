/** What was measured so far, a line of JSON each, so that a run which was stopped goes on. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { WayName } from './cases.js';

/** One process: a way of computing on a case, in a round. */
export interface Measurement {
  /** keyOf the case. */
  readonly key: string;
  readonly way: WayName;
  readonly round: number;
  readonly imagesPerSecond: number;
  /** The most that the card held during it, above what it held before; null where there is no card to ask. */
  readonly cardMiB: number | null;
  /** Of a step, an image; ft's steps alone say it. */
  readonly operations?: number;
}

export interface State {
  readonly measured: readonly Measurement[];
  add(one: Measurement): void;
}

/**
 * Opens the file, or begins it. Its first line says what everything in it was measured on and with; where that is not `about`, or
 * `again`, it begins anew. A last line that was cut off is left out.
 */
export function openState(file: string, about: string, again = false): State {
  const lines = existsSync(file) && !again ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const first = JSON.stringify(about);
  const measured = lines[0] === first ? lines.slice(1).map((line) => JSON.parse(line) as Measurement) : [];
  mkdirSync(dirname(file), { recursive: true });
  const line = (value: unknown) => `${JSON.stringify(value)}\n`;
  writeFileSync(file, [about, ...measured].map(line).join(''));
  return {
    measured,
    add(one) {
      measured.push(one);
      appendFileSync(file, line(one));
    },
  };
}
