import type { AugmentDraw } from '../data/augment.js';
import type { Mix } from '../data/augment-mix.js';
import { normalise } from '../network/forward.js';
import type { Network } from '../network/network.js';
import type { Values } from '../runtime/session.js';
import type { Tensor1D, Tensor2D, Tensor4D } from '../runtime/tensorflow.js';
import type { Signature } from '../runtime/trace/trace.js';
import type { Entry } from './entry.js';
import { columnsOf, mixNumbers, type Rendering, viewRows } from './view-draws.js';
import { mixViews, renderViews } from './view-render.js';

/** Images as they are. */
export const AS_THEY_ARE: Rendering = { changes: null, mixed: false, compiled: false };

/**
 * The whole network, from views that it renders itself: of images whose rows in a table of bytes are fed, by the numbers that were drawn
 * for them.
 */
export function viewEntry(network: Network, side: number, table: string, { changes, mixed, compiled }: Rendering): Entry {
  return {
    network,
    inputs: (batch): Signature['inputs'] => ({
      pixels: { shape: [batch, side, side, 3], dtype: 'uint8', rowsOf: table },
      ...(changes !== null && { view: { shape: [batch, columnsOf(changes).count], dtype: 'float32' } }),
      ...(mixed && { partners: { shape: [batch], dtype: 'int32' }, mixing: { shape: [5], dtype: 'float32' } }),
    }),
    map(inputs) {
      const images = inputs.pixels as Tensor4D;
      const views = changes === null ? images : renderViews(changes, images, inputs.view as Tensor2D, compiled);
      const all = mixed ? mixViews(views, inputs.partners as Tensor1D, inputs.mixing as Tensor1D) : views;
      return normalise(all, network.preprocessing);
    },
  };
}

/** What such an entry is fed beside the rows, for a batch. */
export function viewValues(
  { changes, mixed }: Rendering,
  draws: readonly AugmentDraw[] | undefined,
  mix: Mix | undefined,
  side: number,
): Record<string, Values> {
  return {
    ...(changes !== null && { view: viewRows(changes, draws ?? [], side) }),
    ...(mixed && mix !== undefined && { partners: mix.partners, mixing: mixNumbers(mix) }),
  };
}
