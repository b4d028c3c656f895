import type { CutNetwork } from '../network/cut.js';
import { normalise } from '../network/forward.js';
import type { Network } from '../network/network.js';
import type { Tensor4D } from '../runtime/tensorflow.js';
import type { Signature, Tensors } from '../runtime/trace/trace.js';

/** Where images enter a network: as pixels at its foot, or as the maps that its frozen part made of them. */
export interface Entry {
  /** What lies above. */
  readonly network: Network;
  /** Inputs of a function that takes `batch` images. */
  readonly inputs: (batch: number) => Signature['inputs'];
  /** The first map of `network`, from those inputs. */
  readonly map: (inputs: Tensors) => Tensor4D;
}

/** The whole network, from RGB bytes. */
export function pixelEntry(network: Network, side: number): Entry {
  return {
    network,
    inputs: (batch) => ({ pixels: { shape: [batch, side, side, 3], dtype: 'uint8' } }),
    map: (inputs) => normalise(inputs.pixels as Tensor4D, network.preprocessing),
  };
}

/**
 * What lies above a cut, from the maps that the part below gave: [height, width, channels] of an image.
 * @param table that has the maps, of which the numbers of rows are fed then
 */
export function mapEntry({ rest }: CutNetwork, shape: readonly number[], table?: string): Entry {
  const held = table === undefined ? {} : { rowsOf: table };
  return {
    network: rest,
    inputs: (batch) => ({ map: { shape: [batch, ...shape], dtype: 'float32', ...held } }),
    map: (inputs) => inputs.map as Tensor4D,
  };
}
