/** What the process of one engine says of one case. */
export interface StepFigures {
  engine: 'ft' | 'pytorch';
  /** Of the timed steps. */
  seconds: { median: number; min: number; max: number };
  imagesPerSecond: number;
  /** Peak resident memory of the process. */
  peakMiB: number;
  /** Numbers that the optimizer moves. */
  trainable: number;
  /** Of every step, warm-up included. */
  losses: number[];
  version: string;
}

/** One round of a case: ft and PyTorch one right after the other, in an order that changes from round to round. */
export interface Pair {
  ft: StepFigures;
  pytorch: StepFigures;
}

export interface CaseFigures {
  /** Medians over the rounds. */
  imagesPerSecond: { ft: number; pytorch: number };
  /** ft ÷ PyTorch in images a second, round by round: above 1, ft is faster. */
  ratio: { median: number; min: number; max: number };
  /** The most of all rounds, in MiB. */
  peakMiB: { ft: number; pytorch: number };
}

/** The middle value; of an even number, the mean of the middle two. @throws RangeError where there is none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new RangeError('there is no median of nothing');
  return (low + high) / 2;
}

/**
 * The figures of a case from its rounds. Ratios are taken inside a round and then their median, because what else the machine
 * does changes from minute to minute and touches both halves of a round alike.
 */
export function summariseCase(pairs: readonly Pair[]): CaseFigures {
  const ratios = pairs.map(({ ft, pytorch }) => ft.imagesPerSecond / pytorch.imagesPerSecond);
  const both = (of: (engine: 'ft' | 'pytorch') => number) => ({ ft: of('ft'), pytorch: of('pytorch') });
  return {
    imagesPerSecond: both((engine) => median(pairs.map((pair) => pair[engine].imagesPerSecond))),
    ratio: { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
    peakMiB: both((engine) => Math.max(...pairs.map((pair) => pair[engine].peakMiB))),
  };
}

/** The largest relative difference between two lists of losses; infinite where one is not finite or a step is missing. */
export function lossDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length || [...a, ...b].some((loss) => !Number.isFinite(loss))) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...a.map((loss, step) => Math.abs(loss - (b[step] as number)) / Math.abs(b[step] as number)));
}
