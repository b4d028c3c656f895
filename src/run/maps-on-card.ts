/** The frozen part's maps in the card's memory, or in the machine's, where they fit. */
import type { BatchPlan } from '../data/batch.js';
import { BYTES } from '../data/map-cache.js';
import type { Progress } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import type { Program } from '../runtime/program.js';
import type { TableSpec } from '../runtime/trace/table.js';
import type { Entry } from '../train/entry.js';
import type { FeatureSource } from '../train/features.js';
import { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { devicesOf } from './devices.js';
import { imagesLookedAt } from './evaluate-epoch.js';
import type { FrozenMaps } from './frozen-maps.js';
import { type FreeMemory, placeLine, placeOfMaps } from './maps-place.js';
import { phaseMemory } from './memory.js';
import type { Workbench } from './workbench.js';

/** Tables of a phase's program: of views, which are trained on, and of images as they are, which are looked at after an epoch. */
const [VIEWS, IMAGES] = ['views', 'images'] as const;

/** What a phase gets its maps from. */
export interface MapSupply {
  readonly tables: Readonly<Record<string, TableSpec>>;
  /** Where maps enter the step, if it takes any, and the features. */
  readonly entries: { readonly step: Entry | null; readonly features: Entry };
  /** The batches and the images that are looked at, as the phase's program takes them. */
  readonly for: (program: Program) => {
    readonly batches: ((plans: readonly BatchPlan[]) => AsyncGenerator<Batch>) | null;
    readonly source: FeatureSource;
  };
}

export interface SupplyOptions {
  readonly phase: PhaseName;
  readonly plan: PhasePlan;
  readonly rates: PhaseRates;
  /** Null where graphs are not written for a card. */
  readonly free: FreeMemory | null;
  readonly progress: Progress;
}

/**
 * From tables on the card, where all maps that the phase wants fit there, or in the machine's memory; else each step is fed its own. Says
 * which, where there is a card.
 */
export function supplyOf(bench: Workbench, maps: FrozenMaps, options: SupplyOptions): MapSupply {
  const { recipe, network, split } = bench;
  const { part, format, source } = maps;
  const { phase, plan, rates, free, progress } = options;
  const fed: MapSupply = {
    tables: {},
    entries: { step: maps.batches && part.entry(), features: part.entry() },
    for: () => ({ batches: maps.batches && ((plans) => maps.batches?.(plans) as AsyncGenerator<Batch>), source }),
  };
  if (free === null || recipe.engine !== 'traced' || devicesOf(recipe) > 1) return fed;
  const viewed = maps.batches === null ? 0 : split.train.samples.length * recipe.data.views;
  const rows = { [IMAGES]: imagesLookedAt(bench, rates).size, ...(viewed > 0 && { [VIEWS]: viewed }) };
  const bytes = Object.values(rows).reduce((sum, count) => sum + count * part.size * BYTES[format], 0);
  const place = placeOfMaps({ maps: bytes, phase: phaseMemory(recipe, network, plan) }, free);
  progress.line(placeLine(phase, bytes, place, free));
  if (place === 'fed') return fed;
  const table = (count: number): TableSpec => ({ rows: count, shape: part.shape, format, onHost: place === 'machine' });
  const tables = Object.fromEntries(Object.entries(rows).map(([name, count]) => [name, table(count)]));
  return {
    tables,
    entries: { step: maps.batches && part.entry(VIEWS), features: part.entry(IMAGES) },
    for(program) {
      const [views, images] = [VIEWS, IMAGES].map((name) => new MapRows(program, name, part.size)) as [MapRows, MapRows];
      const { read } = source.maps as NonNullable<FeatureSource['maps']>;
      return {
        batches: maps.batches && ((plans) => maps.batches?.(plans, views) as AsyncGenerator<Batch>),
        source: { ...source, maps: { shape: part.shape, read, rows: (samples) => images.of(samples, read) } },
      };
    },
  };
}
