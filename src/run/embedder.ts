import type { FinishedModel } from '../export/model.js';
import { embed } from '../heads/apply.js';
import { unitRows } from '../heads/unit.js';
import type { Precision } from '../runtime/program.js';
import { openForward } from '../train/forward.js';

/** Takes images one by one and makes embeddings of them, a batch at a time. */
export interface Embedder {
  readonly dimensions: number;
  /** side × side × 3 RGB bytes; they are copied. Every so often a call computes a batch, and takes as long as that. */
  add(pixels: Uint8Array): void;
  /** Unit-length embeddings of all images that were added, row-major, in their order. */
  finish(): Float32Array;
  close(): void;
}

/** Rows of features that are kept, at most, before they become embeddings, which are much shorter. */
const BLOCK = 8192;

/**
 * By a finished model: its features through its head, or as they are where it has none.
 * @param most images that will be added at most
 * @param options `precision` of the convolutions; the head always computes as it was fitted
 */
export function openEmbedder(
  { network, weights, head, side }: FinishedModel,
  most: number,
  { precision = 'fp32' }: { precision?: Precision } = {},
): Embedder {
  const forward = openForward({ network, weights, side, most, precision });
  const dimensions = head?.outputs ?? network.features;
  const bytes = side * side * 3;
  let pixels = new Uint8Array(forward.batch * bytes);
  const block = new Float32Array(BLOCK * network.features);
  const values = new Float32Array(most * dimensions);
  let [waiting, rows, embedded, left] = [0, 0, 0, most];
  const compute = () => {
    if (rows + waiting > BLOCK) keep();
    pixels.fill(0, waiting * bytes);
    left -= waiting;
    const features = forward.run({ pixels }, left);
    block.set(features.subarray(0, waiting * network.features), rows * network.features);
    rows += waiting;
    waiting = 0;
    if (pixels.length !== forward.batch * bytes) pixels = new Uint8Array(forward.batch * bytes);
  };
  const keep = () => {
    const features = block.subarray(0, rows * network.features);
    values.set(head === null ? unitRows(features, network.features) : embed(features, head), embedded * dimensions);
    embedded += rows;
    rows = 0;
  };
  return {
    dimensions,
    add(image) {
      pixels.set(image, waiting++ * bytes);
      if (waiting === forward.batch) compute();
    },
    finish() {
      if (waiting > 0) compute();
      keep();
      return values.subarray(0, embedded * dimensions);
    },
    close: () => forward.close(),
  };
}
