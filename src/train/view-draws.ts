/** What a step that renders views itself is told of them: the numbers that were drawn on the host, in the order in which it takes them. */
import type { AugmentDraw, AugmentOptions } from '../data/augment.js';
import { inPixels } from '../data/augment-affine.js';
import type { Mix, MixOptions } from '../data/augment-mix.js';
import { randOperation } from '../data/augment-rand.js';
import type { ViewStep } from '../data/augment-steps.js';

/** Which changes a step renders; what no image of the phase is drawn to show is no part of its graph. */
export interface RenderedChanges {
  /** Brightness, contrast and saturation. */
  readonly colour: boolean;
  readonly hue: boolean;
  readonly grey: boolean;
  /** What is put over a part of the view. */
  readonly erase: 'mean' | 'black' | null;
}

/** Of a phase: null where its images are trained on as they are. */
export interface Rendering {
  readonly changes: RenderedChanges | null;
  /** Whether images of a batch are mixed with each other. */
  readonly mixed: boolean;
  /** Whether XLA compiles the step. */
  readonly compiled: boolean;
}

/** Keys of `data.augment` that only the host renders. */
export function hostOnly(augment: AugmentOptions | null): string[] {
  const { randAugment, blur, erase } = augment ?? {};
  const ofPixels = randAugment?.of.filter((name) => 'step' in (randOperation(name, 1, 1) ?? {})) ?? [];
  return [
    ...(ofPixels.length > 0 ? [`randAugment (${ofPixels.join(', ')})`] : []),
    ...(blur ? ['blur'] : []),
    ...(erase?.fill === 'noise' ? ['erase (fill: noise)'] : []),
  ];
}

/** How a step renders what the options ask for. @throws Error where only the host does ({@link hostOnly}) */
export function renderingOf(augment: AugmentOptions | null, mix: MixOptions | null | undefined, compiled: boolean): Rendering {
  const mixed = mix !== null && mix !== undefined;
  if (augment === null) return { changes: null, mixed, compiled };
  if (hostOnly(augment).length > 0) throw new Error(`no step renders ${hostOnly(augment).join(' and ')}`);
  const { colour, hue = 0, grey = 0, erase } = augment;
  const fill = erase?.fill;
  return {
    changes: { colour: colour > 0, hue: hue > 0, grey: grey > 0, erase: fill === undefined || fill === 'noise' ? null : fill },
    mixed,
    compiled,
  };
}

/** Where the numbers of a view stand in its row: the first of each kind; −1: the step takes none of that kind. */
export interface Columns {
  /** Eight: the affine map between pixels, then 0, 0. */
  readonly map: 0;
  /** Four: factors of the channel, of the sum of its pixel's channels and of the view's mean; then what is added. */
  readonly colour: number;
  /** Sixths of the circle. */
  readonly hue: number;
  /** 1: grey. */
  readonly grey: number;
  /** Four: the first row and column of the rectangle, and those behind its last. */
  readonly erase: number;
  readonly count: number;
}

export function columnsOf({ colour, hue, grey, erase }: RenderedChanges): Columns {
  let count = 8;
  const take = (there: boolean, width: number): number => {
    if (!there) return -1;
    count += width;
    return count - width;
  };
  const from = { colour: take(colour, 4), hue: take(hue, 1), grey: take(grey, 1), erase: take(erase !== null, 4) };
  return { map: 0, ...from, count };
}

/** The rows of some views, one after the other. */
export function viewRows(changes: RenderedChanges, draws: readonly AugmentDraw[], side: number): Float32Array {
  const columns = columnsOf(changes);
  const rows = new Float32Array(draws.length * columns.count);
  draws.forEach(({ affine, brightness, contrast, saturation, steps = [] }, at) => {
    const row = rows.subarray(at * columns.count, (at + 1) * columns.count);
    row.set(inPixels(affine, side), columns.map);
    if (changes.colour)
      row.set([saturation * contrast, ((1 - saturation) * contrast) / 3, 1 - contrast, brightness * 128], columns.colour);
    for (const step of steps) setStep(row, columns, step);
  });
  return rows;
}

function setStep(row: Float32Array, columns: Columns, step: ViewStep): void {
  switch (step.name) {
    case 'hue':
      row[columns.hue] = 6 * step.turn;
      break;
    case 'grey':
      row[columns.grey] = 1;
      break;
    case 'erase':
      row.set([step.top, step.left, step.top + step.height, step.left + step.width], columns.erase);
      break;
    default:
      throw new Error(`no step renders ${step.name}`);
  }
}

/**
 * How a batch is mixed, in five numbers: the share that each image keeps of itself where no rectangle lies, and the rectangle in which
 * it keeps nothing (its first row and column, and those behind its last).
 */
export function mixNumbers({ lambda, box }: Mix): Float32Array {
  if (box === null) return Float32Array.of(lambda, 0, 0, 0, 0);
  return Float32Array.of(1, box.top, box.left, box.top + box.height, box.left + box.width);
}
