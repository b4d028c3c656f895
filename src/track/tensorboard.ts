/** Event files that TensorBoard reads (`tensorboard --logdir runs`), made of the lines of `metrics.jsonl` as they come. */
import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../runtime/folders.js';
import {
  decodeEvent,
  fileVersion,
  histogram,
  hparams,
  hparamsEnd,
  type SummaryValue,
  scalar,
  sessionStart,
  summaryEvent,
  text,
} from './events.js';
import { figuresOf } from './figures.js';
import { record, recordsOf } from './records.js';
import type { RunEnd, TrackedRun, TrackedScores, Tracker } from './tracker.js';

const PREFIX = 'events.out.tfevents.';
type Line = Readonly<Record<string, unknown>>;

/**
 * A run's event file in `folder`. It is a function of the lines that are logged, so when lines are taken back (a resumed run
 * does epochs again) a new file takes its place; its first event tells a TensorBoard that is running to forget what it had.
 * The step of a figure is its epoch; times of earlier epochs are kept.
 *
 * @param now milliseconds since 1970
 */
export function tensorboard(folder: string, run: TrackedRun, now: () => number): Tracker {
  let path: string | undefined;
  const seconds = () => now() / 1000;
  const append = (events: readonly Uint8Array[]) => appendFile(path as string, Buffer.concat(events.map(record)));
  return {
    async restate(lines) {
      const old = await eventFiles(folder);
      const times = await timesOf(old);
      const events = [
        fileVersion(seconds()),
        sessionStart(run.started / 1000),
        ...headEvents(run),
        ...lines.flatMap((line) => epochEvent(line, times.get(nameOf(line)) ?? seconds())),
      ];
      await mkdir(folder, { recursive: true });
      path = await newName(folder, now());
      await writeFileAtomic(path, Buffer.concat(events.map(record)));
      for (const file of old) await rm(file, { force: true });
    },
    async logged(line) {
      await append(epochEvent(line, seconds()));
    },
    async scored(scores) {
      await append([summaryEvent(scores.finished / 1000, 0, scoreValues(scores))]);
    },
    async ended(how) {
      await append(endEvents(how, seconds()));
    },
  };
}

/** Tags of the scores that runs are set side by side by. */
export const COMPARED = ['exported/recall_at_1', 'exported/map_at_r'];

function headEvents(run: TrackedRun): Uint8Array[] {
  const values = [...hparams(run.parameters, COMPARED, run.started / 1000), text('recipe', fenced(run.recipeText))];
  return values.map((value) => summaryEvent(run.started / 1000, 0, [value]));
}

function epochEvent(line: Line, time: number): Uint8Array[] {
  const figures = figuresOf(line);
  if (figures === undefined) return [];
  const values: SummaryValue[] = [
    ...[...figures.scalars].map(([tag, value]) => scalar(tag, value)),
    ...[...figures.histograms].map(([tag, found]) => histogram(tag, found)),
  ];
  return values.length === 0 ? [] : [summaryEvent(time, figures.epoch, values)];
}

function scoreValues({ rows, exported, markdown }: TrackedScores): SummaryValue[] {
  const figures = rows.flatMap(({ name, figures: of }) => [
    ...Object.entries(of).map(([metric, value]) => scalar(`scores/${name}/${metric}`, value)),
    ...(name === exported ? Object.entries(of).map(([metric, value]) => scalar(`exported/${metric}`, value)) : []),
  ]);
  return [...figures, text('scores', markdown)];
}

function endEvents(how: RunEnd, time: number): Uint8Array[] {
  return [summaryEvent(time, 0, [hparamsEnd(how, time)])];
}

/** Markdown shows a recipe as it is when every line is set in by four. */
function fenced(yaml: string): string {
  return yaml
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

async function eventFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.startsWith(PREFIX))
    .sort()
    .map((name) => join(folder, name));
}

/** The time at which each epoch was first told, from files that are about to be replaced. */
async function timesOf(files: readonly string[]): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const file of files) {
    for (const bytes of recordsOf(await readFile(file))) {
      const { wall_time: time, step, summary } = decodeEvent(bytes);
      const phase = summary?.value[0]?.tag.split('/')[0];
      if (phase !== undefined && step !== undefined && time !== undefined) times.set(`${phase} ${step}`, time);
    }
  }
  return times;
}

function nameOf({ phase, epoch }: Line): string {
  return `${phase} ${epoch}`;
}

/** TensorBoard reads a folder's files in the order of their names, so a later one must have a greater name. */
async function newName(folder: string, time: number): Promise<string> {
  const taken = new Set(await eventFiles(folder));
  for (let at = Math.floor(time); ; at++) {
    const digits = String(at);
    const path = join(folder, `${PREFIX}${digits.slice(0, -3)}.${digits.slice(-3)}.ft`);
    if (!taken.has(path)) return path;
  }
}
