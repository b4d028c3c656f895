export const PRECISIONS = ['fp32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];
export type Engine = 'ft' | 'pytorch' | 'keras';
export type Contender = `${Engine} ${Precision}`;

export function contender(engine: Engine, precision: Precision): Contender {
  return `${engine} ${precision}`;
}

/** What the process of one contender says of one case. */
export interface Figures {
  readonly imagesPerSecond: number;
  /** Peak resident memory of the process. */
  readonly peakMiB: number;
}

/** What it says of training steps. */
export interface StepFigures extends Figures {
  readonly engine: Engine;
  /** Of the timed steps. */
  readonly seconds: { readonly median: number; readonly min: number; readonly max: number };
  /** Numbers that the optimizer moves. */
  readonly trainable: number;
  /** Floating-point operations of a step, an image, by ft's count; ft alone says it. */
  readonly operations?: number;
  /** Of every step, warm-up included. */
  readonly losses: readonly number[];
  readonly version: string;
}

/** All contenders on one case, one right after the other, in an order that changes from round to round. */
export type Round = ReadonlyMap<Contender, Figures>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface CaseFigures {
  /** Medians over the rounds. */
  readonly imagesPerSecond: ReadonlyMap<Contender, number>;
  /** The most of all rounds. */
  readonly peakMiB: ReadonlyMap<Contender, number>;
  /** Images a second, above 1 ft is faster; null where one of the two was not measured. In float32: */
  readonly pytorch: Spread | null;
  readonly keras: Spread | null;
  /** Each in the precision that is faster for it; null where neither was measured in two. */
  readonly best: (Spread & { readonly ft: Precision; readonly pytorch: Precision }) | null;
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
 * does changes from minute to minute and touches all of a round alike.
 */
export function summariseCase(rounds: readonly Round[]): CaseFigures {
  const present = [...(rounds[0]?.keys() ?? [])];
  const over = (of: (figures: Figures) => number, one: Contender) => rounds.map((round) => of(round.get(one) as Figures));
  const imagesPerSecond = new Map(present.map((one) => [one, median(over((figures) => figures.imagesPerSecond, one))]));
  const peakMiB = new Map(present.map((one) => [one, Math.max(...over((figures) => figures.peakMiB, one))]));
  const ratio = (a: Contender, b: Contender): Spread | null =>
    present.includes(a) && present.includes(b)
      ? spread(rounds.map((round) => (round.get(a) as Figures).imagesPerSecond / (round.get(b) as Figures).imagesPerSecond))
      : null;
  /** The precision in which an engine is faster, by its medians. */
  const faster = (engine: Engine): Precision | undefined =>
    PRECISIONS.filter((precision) => present.includes(contender(engine, precision))).toSorted(
      (a, b) => (imagesPerSecond.get(contender(engine, b)) as number) - (imagesPerSecond.get(contender(engine, a)) as number),
    )[0];
  const [ft, pytorch] = [faster('ft'), faster('pytorch')];
  const choice = present.some((one) => one.endsWith('bf16')) && present.some((one) => one.endsWith('fp32'));
  const best = choice && ft && pytorch ? ratio(contender('ft', ft), contender('pytorch', pytorch)) : null;
  return {
    imagesPerSecond,
    peakMiB,
    pytorch: ratio('ft fp32', 'pytorch fp32'),
    keras: ratio('ft fp32', 'keras fp32'),
    best: best && ft && pytorch ? { ...best, ft, pytorch } : null,
  };
}

/** The median of some values, the least and the most of them. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The largest relative difference between two lists of losses; infinite where one is not finite or a step is missing. */
export function lossDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length || [...a, ...b].some((loss) => !Number.isFinite(loss))) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...a.map((loss, step) => Math.abs(loss - (b[step] as number)) / Math.abs(b[step] as number)));
}
