import type { Progress } from '../../../src/progress.js';
import type { StepCase } from '../cases.js';
import type { Contenders, Settings } from '../contenders.js';
import type { Contender, Figures, StepFigures } from '../figures.js';
import { CHECK_RATE, equalWork } from '../rounds.js';
import { type GpuCase, keyOf, WAYS, type WayName } from './cases.js';
import type { State } from './state.js';
import { caseWords } from './tables.js';

export interface GpuPlan {
  readonly ways: readonly WayName[];
  readonly rounds: number;
  /** Where PyTorch computes; ft's processes are told by the environment. */
  readonly device: 'cuda' | 'cpu';
  /** What every process of a kind is told. */
  readonly settings: Readonly<Record<GpuCase['kind'], Settings>>;
  /** Runs a process and says what the card held during it. */
  readonly watched: <T>(work: () => Promise<T>) => Promise<{ made: T; mebibytes: number | null }>;
}

/** Relative, on equal batches from equal weights. bfloat16 has 8 bits; on a card sums are made in an order of their own. */
const MOST_DIFFERENT = { fp32: 1e-3, bf16: 3e-2 };

function settingsOf(way: WayName, one: GpuCase, { device, settings }: GpuPlan): Settings {
  const { engine, settings: own } = WAYS[way];
  const there = engine === 'pytorch' ? { device, tf32: '', ...(one.kind === 'steps' ? { bytes: '' } : {}) } : {};
  return { ...settings[one.kind], ...there, ...own };
}

/** What is still to be measured, in order: each way goes first in turn, as in `make bench`. */
export function leftOf(one: GpuCase, { rounds, ways }: Pick<GpuPlan, 'rounds' | 'ways'>, { measured }: Pick<State, 'measured'>) {
  const key = keyOf(one);
  return Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? ways : ways.toReversed()).map((way) => ({ way, round })))
    .flat()
    .filter(({ way, round }) => !measured.some((each) => each.key === key && each.way === way && each.round === round));
}

/** Measures what is left, each in a process of its own, and adds it to the state. @returns whether all went well */
export async function measureGpuCase(
  one: GpuCase,
  plan: GpuPlan,
  contenders: Contenders,
  state: State,
  progress: Progress,
): Promise<boolean> {
  const left = leftOf(one, plan, state);
  const bar = progress.bar(caseWords(one), left.length, 'processes');
  const failed = new Set<WayName>();
  for (const { way, round } of left) {
    // What failed once fails again.
    if (!failed.has(way)) {
      try {
        const { made, mebibytes } = await plan.watched(() =>
          contenders.measure<Figures & Partial<StepFigures>>(WAYS[way].contender, one, settingsOf(way, one, plan)),
        );
        const { imagesPerSecond, operations } = made;
        const counted = operations === undefined ? {} : { operations };
        state.add({ key: keyOf(one), way, round, imagesPerSecond, cardMiB: mebibytes, ...counted });
      } catch (error) {
        failed.add(way);
        progress.line(`${way}: ${(error as Error).message}`);
      }
    }
    bar.advance(1, WAYS[way].words);
  }
  bar.done();
  return failed.size === 0;
}

/**
 * Five small steps from the same weights on the same batches in every way; float32 proper, without TF32 (the environment says so to ft).
 * @param contenders processes in which NVIDIA_TF32_OVERRIDE is 0
 * @throws Error where one has other losses than ft in float32, or trains another number of values
 */
export async function checkGpuWork(
  { network, until }: StepCase,
  plan: GpuPlan,
  contenders: Contenders,
  progress: Progress,
): Promise<void> {
  const small: StepCase = { kind: 'steps', network, until, batch: 8, side: 64 };
  const five = { dropout: '0', warm: '0', steps: '5', rate: CHECK_RATE[network] };
  const losses = (contender: Contender, settings: Settings) => contenders.measure<StepFigures>(contender, small, settings);
  const reference = await losses('ft fp32', five);
  for (const way of plan.ways.filter((name) => name !== 'ft-tf32')) {
    const { tf32: _, ...settings } = settingsOf(way, small, { ...plan, settings: { steps: {}, phase: {} } });
    // All five in one call, where steps are taken several a call.
    const calls =
      'steps-per-call' in settings ? { ...settings, ...five, steps: '1', 'steps-per-call': '5' } : { ...settings, ...five };
    const found = await losses(WAYS[way].contender, calls);
    const most = WAYS[way].contender.endsWith('bf16') ? MOST_DIFFERENT.bf16 : MOST_DIFFERENT.fp32;
    progress.line(equalWork(network, reference, way, found, most));
  }
}
