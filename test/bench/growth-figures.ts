/** What grows, and how fast it may. */
export interface Growth {
  readonly name: string;
  readonly words: string;
  /** Ascending. */
  readonly sizes: readonly number[];
  /** The least exponents that the task has. */
  readonly must: { readonly time: number; readonly memory: number };
}

/** What the process of one size says. */
export interface Point {
  readonly size: number;
  /** The least of its runs: what else the machine does only adds. */
  readonly seconds: number;
  /** The same of processor time, all cores together: this is what growth is taken from, since a busy machine hardly moves it. */
  readonly work: number;
  readonly peakMiB: number;
}

export interface GrowthFigures {
  readonly growth: Growth;
  readonly points: readonly Point[];
}

/** An exponent this much above what must be is worse than it must be. */
const TOLERANCE = 0.15;
/** The last sizes alone: below them what every run costs hides what grows. */
const FITTED = 3;

/** The slope of log y over log x by least squares; NaN with fewer than two points. */
export function exponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (at: 0 | 1) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  return logs.reduce((sum, log) => sum + (log[0] - x) * (log[1] - y), 0) / logs.reduce((sum, log) => sum + (log[0] - x) ** 2, 0);
}

/** How time grows with the size, and memory above what the smallest size takes (0 where it takes no tenth more). */
export function exponents(points: readonly Point[]): { time: number; memory: number } {
  const last = points.slice(-FITTED);
  const floor = points[0]?.peakMiB ?? 0;
  const grown = last.filter(({ peakMiB }) => peakMiB > 1.1 * floor);
  return {
    time: exponent(last.map(({ size, work }) => [size, work])),
    memory: grown.length < 2 ? 0 : exponent(grown.map(({ size, peakMiB }) => [size, peakMiB - floor])),
  };
}

/** One line on how it grows: the exponents, and where they are above what must be. */
export function verdict({ growth, points }: GrowthFigures): string {
  const found = exponents(points);
  const worse = (['time', 'memory'] as const).filter((kind) => found[kind] > growth.must[kind] + TOLERANCE);
  const words = `Exponents: time ${found.time.toFixed(2)}, memory ${found.memory.toFixed(2)}`;
  const flag = `**worse than it must be: ${worse.map((kind) => `${kind} (${growth.must[kind]})`).join(', ')}**`;
  return worse.length === 0 ? `${words}.` : `${words}; ${flag}.`;
}

const twoDigits = (value: number) => value.toLocaleString('en-US', { minimumSignificantDigits: 2, maximumSignificantDigits: 2 });

/** A row for each size: what it takes, and its ratio to the row before, beside the ratio of the sizes. */
export function growthRows(points: readonly Point[]): { titles: string[]; rows: string[][] } {
  const times = (now: number, before: number | undefined) => (before === undefined ? '' : `×${(now / before).toPrecision(2)}`);
  return {
    titles: ['size', 'grows', 'seconds', 'processor', 'grows', 'peak MiB', 'grows'],
    rows: points.map(({ size, seconds, work, peakMiB }, at) => [
      size.toLocaleString('en-US'),
      times(size, points[at - 1]?.size),
      twoDigits(seconds),
      twoDigits(work),
      times(work, points[at - 1]?.work),
      peakMiB.toFixed(0),
      times(peakMiB, points[at - 1]?.peakMiB),
    ]),
  };
}
