import type { Progress } from '../../src/progress.js';
import { type Case, contendersOf, type Kind, type StepCase, wordsOf } from './cases.js';
import type { Contenders, Settings } from './contenders.js';
import {
  type Contender,
  type Figures,
  lossDifference,
  type Precision,
  type Round,
  type StepFigures,
  summariseCase,
} from './figures.js';
import type { NetworkName } from './network-names.js';
import type { Measured } from './report.js';

export interface Plan {
  readonly rounds: number;
  readonly precisions: readonly Precision[];
  readonly keras: boolean;
  /** What every process of a kind is told. */
  readonly settings: Readonly<Record<Kind, Settings>>;
}

/** All contenders on a case, round by round. */
export async function measureCase(one: Case, plan: Plan, contenders: Contenders, progress: Progress): Promise<Measured> {
  const list = contendersOf(one, plan.precisions, plan.keras);
  const title = `${one.kind}, ${one.network}, ${wordsOf(one)}`;
  const bar = progress.bar(title, plan.rounds * list.length, 'processes');
  const rounds: Round[] = [];
  try {
    for (let round = 0; round < plan.rounds; round++) {
      const figures = new Map<Contender, Figures>();
      // Each goes first in turn: what a process leaves behind (heat, page cache) meets all alike.
      for (const contender of round % 2 === 0 ? list : list.toReversed()) {
        figures.set(contender, await contenders.measure(contender, one, plan.settings[one.kind]));
        bar.advance(1);
      }
      rounds.push(figures);
    }
  } finally {
    bar.done();
  }
  const figures = summariseCase(rounds);
  const speeds = list.map((contender) => `${contender} ${figures.imagesPerSecond.get(contender)?.toFixed(1)}`);
  progress.line(`${title}: ${speeds.join(', ')} images/s`);
  return { one, figures };
}

/** Losses of two engines on equal batches from equal weights may differ by this much, relative, where the work is equal. */
const MOST_DIFFERENT = 1e-4;
/**
 * High enough that five steps move the loss far, so that what the gradients do is compared, not the forward pass alone; low enough that
 * rounding is not amplified (mobilenet-v1 at ten times this rate: 6e-4 between TensorFlow with oneDNN and without).
 */
export const CHECK_RATE: Record<NetworkName, string> = {
  'resnet50-thin': '1e-3',
  resnet50: '1e-4',
  'mobilenet-v1': '3e-3',
  'mobilenet-v2': '3e-2',
  'efficientnet-lite0': '3e-2',
};

/** The same small batches from the same weights through all. @throws Error where they do not give the same losses */
export async function checkEqualWork(
  { network, until }: StepCase,
  keras: boolean,
  contenders: Contenders,
  progress: Progress,
): Promise<void> {
  const small: StepCase = { kind: 'steps', network, until, batch: 8, side: 64 };
  const settings = { dropout: '0', warm: '0', steps: '5', rate: CHECK_RATE[network] };
  const ft = await contenders.measure<StepFigures>('ft fp32', small, settings);
  for (const other of contendersOf(small, ['fp32'], keras).filter((one) => one !== 'ft fp32')) {
    const peer = await contenders.measure<StepFigures>(other, small, settings);
    progress.line(equalWork(network, ft, other, peer, MOST_DIFFERENT));
  }
}

/**
 * Says how far the losses of another are from ft's.
 * @param most relative
 * @throws Error where they are further apart, or where another number of values is trained
 */
export function equalWork(network: NetworkName, ft: StepFigures, other: string, peer: StepFigures, most: number): string {
  const difference = lossDifference(ft.losses, peer.losses);
  const words = `${network}, ft and ${other}: the losses of 5 steps differ by ${difference.toExponential(1)} at most`;
  if (!(difference <= most) || ft.trainable !== peer.trainable) {
    throw new Error(
      `${words}; ft trains ${ft.trainable} numbers, ${other} ${peer.trainable}: not equal work\n` +
        `  ft ${ft.losses.join(' ')}\n  ${other} ${peer.losses.join(' ')}`,
    );
  }
  return `${words}, ${ft.trainable.toLocaleString('en-US')} trained numbers in both`;
}
