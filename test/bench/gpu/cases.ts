import type { Case, Kind } from '../cases.js';
import type { Settings } from '../contenders.js';
import type { Contender } from '../figures.js';
import type { NetworkName } from '../network-names.js';

/** One way to compute: who, in which precision, compiled by what. */
export interface Way {
  readonly engine: 'ft' | 'pytorch';
  /** Head of its column. */
  readonly words: string;
  readonly contender: Contender;
  /** What its process is told. */
  readonly settings: Settings;
}

const pytorch = (words: string, contender: Contender, settings: Settings): Way => ({
  engine: 'pytorch',
  words,
  contender,
  settings,
});

/** In the order of the columns. TF32 is what cards make of float32 unless they are told not to; PyTorch is told to. */
export const WAYS = {
  'ft-tf32': { engine: 'ft', words: 'ft TF32', contender: 'ft fp32', settings: {} },
  'ft-bf16': { engine: 'ft', words: 'ft bf16', contender: 'ft bf16', settings: {} },
  'ft-xla': { engine: 'ft', words: 'ft bf16, XLA', contender: 'ft bf16', settings: { xla: '' } },
  'ft-loop': { engine: 'ft', words: 'ft bf16, 8 steps a call', contender: 'ft bf16', settings: { 'steps-per-call': '8' } },
  'pytorch-tf32': pytorch('PyTorch TF32', 'pytorch fp32', {}),
  'pytorch-bf16': pytorch('PyTorch bf16', 'pytorch bf16', {}),
  'pytorch-compile': pytorch('torch.compile', 'pytorch bf16', { compile: 'default' }),
  'pytorch-graphs': pytorch('reduce-overhead', 'pytorch bf16', { compile: 'reduce-overhead' }),
} as const satisfies Record<string, Way>;
export type WayName = keyof typeof WAYS;
export const WAY_NAMES = Object.keys(WAYS) as readonly WayName[];

export type GpuCase = Exclude<Case, { kind: 'embed' }>;
export const GPU_NETWORKS = ['resnet50-thin', 'resnet50', 'mobilenet-v2', 'efficientnet-lite0'] as const satisfies NetworkName[];
export const GPU_KINDS = ['steps', 'phase'] as const satisfies Kind[];

/** Steps of 64 images of 128 pixels, ResNet-50's of 224 too; whole phases of resnet50-thin. */
export const CASES: readonly GpuCase[] = [
  ...GPU_NETWORKS.flatMap((network) =>
    (network === 'resnet50' ? [128, 224] : [128]).flatMap((side) =>
      (['none', 'conv3'] as const).map((until): GpuCase => ({ kind: 'steps', network, until, batch: 64, side })),
    ),
  ),
  ...(['none', 'conv4', 'all'] as const).map((until): GpuCase => ({ kind: 'phase', network: 'resnet50-thin', until })),
];

/** Small enough for a processor: it tries the benchmark itself and measures nothing. */
export const TINY: readonly GpuCase[] = [
  { kind: 'steps', network: 'resnet50-thin', until: 'none', batch: 8, side: 64 },
  { kind: 'phase', network: 'resnet50-thin', until: 'conv4' },
];

/** Tells a case from all others in the file that keeps what was measured. */
export function keyOf(one: GpuCase): string {
  const size = one.kind === 'steps' ? ` ${one.batch} ${one.side}` : '';
  return `${one.kind} ${one.network} ${one.until}${size}`;
}
