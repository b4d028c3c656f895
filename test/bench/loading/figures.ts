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

/** Both, one right after the other; the peer's null where there is none. */
export interface LoadingRound {
  readonly ft: Loaded;
  readonly peer: Loaded | null;
}

export interface LoadingFigures {
  readonly one: LoadingCase;
  readonly fileMiB: number;
  readonly rounds: readonly LoadingRound[];
}

const NONE = '–';

const spreadOf = (values: readonly number[]): Spread => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** ft ÷ peer, taken inside each round; undefined without a peer. */
export function ratio(rounds: readonly LoadingRound[], of: (loaded: Loaded) => number): Spread | undefined {
  const ratios = rounds.flatMap(({ ft, peer }) => (peer === null ? [] : [of(ft) / of(peer)]));
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** Peak growth in sizes of the file. */
export function inFiles({ rounds, fileMiB }: LoadingFigures, of: 'ft' | 'peer'): Spread | undefined {
  const grown = rounds.flatMap((round) => (round[of] === null ? [] : [(round[of] as Loaded).grownMiB / fileMiB]));
  return grown.length === 0 ? undefined : spreadOf(grown);
}

const middle = (spread: Spread | undefined) => spread?.median.toFixed(2) ?? NONE;
const withSpan = (spread: Spread | undefined) =>
  spread === undefined ? NONE : `**${middle(spread)}** (${spread.min.toFixed(2)}–${spread.max.toFixed(2)})`;

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
      figures.one.peer === null ? NONE : `\`${figures.one.peer.words}\``,
      figures.fileMiB.toFixed(0),
      withSpan(ratio(figures.rounds, ({ work }) => work)),
      withSpan(ratio(figures.rounds, ({ seconds }) => seconds)),
      withSpan(ratio(figures.rounds, ({ wholeSeconds }) => wholeSeconds)),
      withSpan(inFiles(figures, 'ft')),
      middle(inFiles(figures, 'peer')),
    ]),
  };
}
