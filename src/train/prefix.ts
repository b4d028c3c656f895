import { type CutNetwork, cutNetwork } from '../network/cut.js';
import { globalPool, run } from '../network/forward.js';
import type { Network } from '../network/network.js';
import { createProgram, type Engine, type Precision, type Program } from '../runtime/program.js';
import type { Tensor } from '../runtime/tensorflow.js';
import type { PhasePlan } from '../transfer/plan.js';
import { sparedBy } from '../transfer/spared.js';
import { type Entry, mapEntry, pixelEntry } from './entry.js';
import { networkState, type Weights } from './trainer.js';

/** The part of a network that stands still in a phase, and how large what it makes of an image is. */
export interface FrozenPart {
  readonly cut: CutNetwork;
  /** Height, width and channels of a map; of a backbone that is frozen as a whole, the length of its pooled features. */
  readonly shape: readonly number[];
  /** Numbers of a map. */
  readonly size: number;
  /** What lies above, from such maps; from rows of a table of them where one is named. */
  readonly entry: (table?: string) => Entry;
}

/** Null where nothing below what the plan trains stands still. */
export function frozenPart(network: Network, plan: PhasePlan, side: number): FrozenPart | null {
  const spared = sparedBy(network, plan, side);
  if (spared === null) return null;
  const { shape } = spared;
  const cut = cutNetwork(network, spared.upTo);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { cut, shape, size, entry: (table) => mapEntry(cut, shape, table) };
}

/** Runs a frozen part: RGB bytes of up to `batch` images in, their maps out. */
export class Prefix {
  private readonly program: Program;
  private readonly pixels: Uint8Array;

  constructor(
    engine: Engine,
    private readonly part: FrozenPart,
    weights: Weights,
    readonly batch: number,
    side: number,
    precision: Precision = 'fp32',
  ) {
    const { prefix } = part.cut;
    const entry = pixelEntry(prefix, side);
    this.program = createProgram(
      engine,
      networkState(prefix, weights),
      {
        prefix: {
          signature: { inputs: entry.inputs(batch) },
          fn: (inputs, present) => {
            const { output } = run(prefix, entry.map(inputs), (name) => present[name] as Tensor);
            return { outputs: { map: part.shape.length === 1 ? globalPool(output) : output } };
          },
        },
      },
      { precision },
    );
    this.pixels = new Uint8Array(batch * side * side * 3);
  }

  /** The maps of `count` images, one after the other. */
  run(pixels: Uint8Array, count: number): Float32Array {
    this.pixels.set(pixels);
    this.pixels.fill(0, pixels.length);
    const maps = this.program.run('prefix', { pixels: this.pixels }).map as Float32Array;
    return maps.subarray(0, count * this.part.size);
  }

  close(): void {
    this.program.close();
  }
}
