/**
 * Draws progress: on a terminal one live line with a bar, the rate and the time that remains, which runs on while nothing is
 * reported; in a pipe a plain line every few seconds. Its timer holds no process open, so neither does a bar that was never closed.
 */
import type { Bar, Progress } from '../progress.js';
import type { TextStream } from './text-stream.js';

/** Milliseconds between two drawings on a terminal: at least, and where nothing is reported; and between two lines in a pipe. */
const REDRAW = 80;
const TICK = 250;
const PLAIN = 5000;
/** The rate is that of the last so many milliseconds: the first step of a graph is slow and says nothing of the others. */
const WINDOW = 15_000;

interface Work {
  readonly label: string;
  readonly total: number;
  readonly unit: string;
  readonly start: number;
  /** When work was last reported. */
  last: number;
  done: number;
  note: string;
  /** Times and counts within the window, oldest first. */
  marks: { time: number; done: number }[];
  printed: boolean;
}

/** Progress on `stream`; `now` gives milliseconds. */
export function terminalProgress(stream: TextStream, now: () => number = Date.now): Progress {
  return stream.isTTY === true ? liveProgress(stream, now) : plainProgress(stream, now);
}

function liveProgress(stream: TextStream, now: () => number): Progress {
  const live: Work[] = [];
  let drawn = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => stream.write('\r\x1b[2K');
  const draw = (work: Work | undefined) => {
    drawn = now();
    if (work === undefined) return;
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    stream.write(`\r\x1b[2K${cut(barLine(work, now()), width)}`);
  };
  const line = (text: string) => {
    if (live.length > 0) clear();
    stream.write(`${text}\n`);
    draw(live.at(-1));
  };
  return {
    line,
    bar: (label, total, unit) =>
      opened(label, total, unit, now, {
        begin: (work) => {
          live.push(work);
          draw(work);
          timer ??= setInterval(() => now() - drawn >= TICK && draw(live.at(-1)), TICK).unref();
        },
        advanced: (work) => {
          if (now() - drawn >= REDRAW || work.done >= work.total) draw(work);
        },
        ended: (work, note) => {
          live.splice(live.indexOf(work), 1);
          if (live.length === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          clear();
          if (note !== undefined) stream.write(`${note}\n`);
          draw(live.at(-1));
        },
      }),
  };
}

function plainProgress(stream: TextStream, now: () => number): Progress {
  let last = Number.NEGATIVE_INFINITY;
  return {
    line: (text) => void stream.write(`${text}\n`),
    bar: (label, total, unit) =>
      opened(label, total, unit, now, {
        begin: (work) => {
          last = Math.max(last, work.start - PLAIN + 1000);
        },
        advanced: (work) => {
          if (now() - last < PLAIN || work.done >= work.total) return;
          last = now();
          work.printed = true;
          stream.write(`${plainLine(work, now())}\n`);
        },
        ended: (work, note) => {
          if (note !== undefined) stream.write(`${note}\n`);
          else if (work.printed)
            stream.write(`${work.label}: ${count(work.done)} ${work.unit} in ${duration(now() - work.start)}\n`);
        },
      }),
  };
}

function opened(
  label: string,
  total: number,
  unit: string,
  now: () => number,
  draw: { begin(work: Work): void; advanced(work: Work): void; ended(work: Work, note?: string): void },
): Bar {
  const start = now();
  const work: Work = {
    label,
    total,
    unit,
    start,
    last: start,
    done: 0,
    note: '',
    marks: [{ time: start, done: 0 }],
    printed: false,
  };
  let over = false;
  draw.begin(work);
  return {
    advance(amount, note) {
      if (over) return;
      work.done += amount;
      if (note !== undefined) work.note = note;
      const time = now();
      work.last = time;
      const newest = work.marks.at(-1);
      if (newest === undefined || time - newest.time >= 100) work.marks.push({ time, done: work.done });
      while (work.marks.length > 2 && time - (work.marks[1]?.time ?? time) >= WINDOW) work.marks.shift();
      draw.advanced(work);
    },
    done(note) {
      if (over) return;
      over = true;
      draw.ended(work, note);
    },
  };
}

/**
 * Units a second over the window, up to the last report, so that it does not sink during a long step; and the milliseconds that
 * remain at that rate, fewer the longer ago that report is. Undefined before anything is known.
 */
function pace(work: Work, time: number): { rate: number; left: number } | undefined {
  const oldest = work.marks[0];
  if (oldest === undefined || work.last <= oldest.time || work.done <= oldest.done) return undefined;
  const rate = ((work.done - oldest.done) / (work.last - oldest.time)) * 1000;
  const left = (Math.max(0, work.total - work.done) / rate) * 1000;
  return { rate, left: Math.max(0, left - (time - work.last)) };
}

function barLine(work: Work, time: number): string {
  if (work.total === 0) return [work.label, ...waited(work, time)].join('  ');
  const width = 20;
  const share = Math.min(1, work.done / work.total);
  const full = Math.round(share * width);
  return [`${work.label} ${'█'.repeat(full)}${'░'.repeat(width - full)} ${Math.floor(share * 100)} %`, ...facts(work, time)].join(
    '  ',
  );
}

function plainLine(work: Work, time: number): string {
  const share = work.total > 0 ? ` (${Math.floor((100 * work.done) / work.total)} %)` : '';
  const [amount, ...rest] = facts(work, time);
  return `${work.label}: ${[`${amount}${share}`, ...rest].join(', ')}`;
}

function facts(work: Work, time: number): string[] {
  const at = pace(work, time);
  return [
    `${count(work.done)}/${count(work.total)} ${work.unit}`,
    ...(at === undefined ? waited(work, time) : [`${rateWords(at.rate)} ${work.unit}/s`, `${duration(at.left)} left`]),
    ...(work.note === '' ? [] : [work.note]),
  ];
}

/** How long the first report has been waited for. */
function waited(work: Work, time: number): string[] {
  const since = time - work.start;
  return since < 1000 ? [] : [`${duration(since)} so far`];
}

/** `850 ms`, `12 s`, `3 min 20 s`, `1 h 02 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function rateWords(rate: number): string {
  return rate >= 100 ? count(Math.round(rate)) : rate >= 10 ? rate.toFixed(0) : rate.toPrecision(2);
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function cut(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join('')}…`;
}
