import { composed, step } from './affine.js';
import type { GraphNode } from './graph.js';
import { inputDraft } from './match-affine.js';
import type { Affine, Pattern } from './pattern.js';
import type { GraphView } from './view.js';

/**
 * Preprocessing on whole rows of pixels: a Reshape of the images to [rows, width · 3], arithmetic by constants that repeat for each pixel,
 * and a Reshape back. ft writes it so (`normalise`): a broadcast over three channels alone is slower.
 */
export function matchRows(node: GraphNode, view: GraphView): Pattern | undefined {
  if (node.op !== 'Reshape') return undefined;
  let affine: Affine = { scale: [1], shift: [0] };
  let below = view.node(node.inputs[0] ?? '');
  for (let next = step(below, view); next !== undefined; next = step(below, view)) {
    affine = composed(affine, next.affine);
    below = view.node(next.map);
  }
  const images = view.node(below.inputs[0] ?? '');
  if (below.op !== 'Reshape' || images.op !== 'Placeholder') return undefined;
  const [scale, shift] = [perPixel(affine.scale), perPixel(affine.shift)];
  if (scale === undefined || shift === undefined || scale.includes(0)) return undefined;
  return { inputs: [], chain: { scale, shift }, make: (site) => [inputDraft(site, images)] };
}

/** One number for each channel, where a row of them repeats itself pixel by pixel. */
function perPixel(row: readonly number[]): readonly number[] | undefined {
  if (row.length === 1) return row;
  return row.length % 3 === 0 && row.every((value, at) => value === row[at % 3]) ? row.slice(0, 3) : undefined;
}
