/** How much room a phase's maps take, and where they lie on a machine with a card: for a run, and beforehand for `ft plan`. */
import type { Network } from '../network/network.js';
import type { PhaseRates, Recipe } from '../recipe/schema.js';
import { tableBytes } from '../runtime/trace/table.js';
import type { PhasePlan } from '../transfer/plan.js';
import { sparedBy } from '../transfer/spared.js';
import { devicesOf } from './devices.js';
import { imagesLookedAt, type SplitImages } from './evaluate-epoch.js';
import { type FreeMemory, type MapsPlace, placeLine, placeOfMaps } from './maps-place.js';
import { phaseMemory } from './memory.js';

/** How many maps a phase wants, and where they lie. */
export interface PlacedMaps {
  /** Of images as they are, which are looked at between epochs. */
  readonly images: number;
  /** Of views, which are trained on. */
  readonly views: number;
  readonly place: MapsPlace;
  /** Bytes of the card's memory. */
  readonly onCard: number;
  readonly line: string;
}

export interface MapsOptions {
  readonly recipe: Recipe;
  readonly network: Network;
  readonly plan: PhasePlan;
  readonly images: SplitImages;
  /** Whether views have maps too. */
  readonly viewed: boolean;
  readonly free: FreeMemory;
}

/** Null where there are none, and where a step takes no rows of a table: it is fed its maps then, and nothing is said. */
export function placedMaps({ recipe, network, plan, images: bench, viewed, free }: MapsOptions): PlacedMaps | null {
  const { data, engine, frozenMaps: format } = recipe;
  const spared = sparedBy(network, plan, data.side);
  if (format === 'off' || spared === null || engine !== 'traced' || devicesOf(recipe) > 1) return null;
  const images = imagesLookedAt(bench, recipe[plan.phase] as PhaseRates).size;
  const views = viewed ? bench.split.train.samples.length * data.views : 0;
  const [ofImages, ofViews] = [images, views].map((rows) => tableBytes({ rows, shape: spared.shape, format })) as [
    number,
    number,
  ];
  const tables = ofImages + ofViews;
  const largest = Math.max(ofImages, ofViews);
  const place = placeOfMaps({ tables, largest, phase: phaseMemory(recipe, network, plan) }, free);
  return { images, views, place, onCard: place === 'card' ? tables : 0, line: placeLine(plan, tables, place, free) };
}
