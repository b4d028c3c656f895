import { median, type Spread } from '../figures.js';
import type { LoadingCase } from './cases.js';

/** What the process of one loader says. */
export interface Loaded {
  /** From when the library was there until all was loaded. */
  readonly seconds: number;
  /** The same of processor time, all cores together: what else the machine does hardly moves it. */
  readonly work: number;
  /** Peak resident memory above what the process had before it loaded. */
  readonly grownMiB: number;
  /** Of the whole process, from its start to its end. */
  readonly wholeSeconds: number;
}

/** Both, one right after the other. */
export interface LoadingRound {
  readonly ft: Loaded;
  readonly peer: Loaded;
}

export interface LoadingFigures {
  readonly one: LoadingCase;
  readonly fileMiB: number;
  readonly rounds: readonly LoadingRound[];
}

const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** ft ÷ peer, taken inside each round. */
export function ratio(rounds: readonly LoadingRound[], of: (loaded: Loaded) => number): Spread {
  return spreadOf(rounds.map(({ ft, peer }) => of(ft) / of(peer)));
}

/** Peak growth in sizes of the file. */
export function inFiles({ rounds, fileMiB }: LoadingFigures, of: 'ft' | 'peer'): Spread {
  return spreadOf(rounds.map((round) => round[of].grownMiB / fileMiB));
}

const middle = ({ median }: Spread) => median.toFixed(2);
const withSpan = (spread: Spread) => `**${middle(spread)}** (${spread.min.toFixed(2)}–${spread.max.toFixed(2)})`;

/** The table: ratios alone, for the machine may be shared. */
export function loadingRows(measured: readonly LoadingFigures[]): { titles: string[]; rows: string[][] } {
  return {
    titles: [
      'format',
      'in Python',
      'file, MiB',
      'processor time, ft ÷ Python',
      'time, ft ÷ Python',
      'whole process, ft ÷ Python',
      'memory ÷ file: ft',
      'Python',
    ],
    rows: measured.map((figures) => [
      figures.one.words,
      `\`${figures.one.peer.words}\``,
      figures.fileMiB.toFixed(0),
      withSpan(ratio(figures.rounds, ({ work }) => work)),
      withSpan(ratio(figures.rounds, ({ seconds }) => seconds)),
      withSpan(ratio(figures.rounds, ({ wholeSeconds }) => wholeSeconds)),
      withSpan(inFiles(figures, 'ft')),
      middle(inFiles(figures, 'peer')),
    ]),
  };
}
