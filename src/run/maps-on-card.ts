/** The frozen part's maps in the card's memory, or in the machine's, where they fit. */
import type { BatchPlan } from '../data/batch.js';
import type { Progress } from '../progress.js';
import type { Program } from '../runtime/program.js';
import type { TableSpec } from '../runtime/trace/table.js';
import type { Entry } from '../train/entry.js';
import type { FeatureSource } from '../train/features.js';
import { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import type { PhasePlan } from '../transfer/plan.js';
import type { FrozenMaps } from './frozen-maps.js';
import type { FreeMemory } from './maps-place.js';
import { placedMaps } from './placed-maps.js';
import type { Workbench } from './workbench.js';

/** Tables of a phase's program: of views, which are trained on, and of images as they are, which are looked at after an epoch. */
const [VIEWS, IMAGES] = ['views', 'images'] as const;

/** What a phase gets its maps from. */
export interface MapSupply {
  readonly tables: Readonly<Record<string, TableSpec>>;
  /** Bytes of the card's memory that they take. */
  readonly onCard: number;
  /** Where maps enter the step, if it takes any, and the features. */
  readonly entries: { readonly step: Entry | null; readonly features: Entry };
  /** The batches and the images that are looked at, as the phase's program takes them. */
  readonly for: (program: Program) => {
    readonly batches: ((plans: readonly BatchPlan[]) => AsyncGenerator<Batch>) | null;
    readonly source: FeatureSource;
  };
}

export interface SupplyOptions {
  readonly plan: PhasePlan;
  /** Null where graphs are not written for a card. */
  readonly free: FreeMemory | null;
  readonly progress: Progress;
}

/**
 * From tables on the card, where all maps that the phase wants fit there, or in the machine's memory; else each step is fed its own. Says
 * which, where there is a card.
 */
export function supplyOf(bench: Workbench, maps: FrozenMaps, options: SupplyOptions): MapSupply {
  const { recipe, network } = bench;
  const { part, format, source } = maps;
  const { plan, free, progress } = options;
  const fed: MapSupply = {
    tables: {},
    onCard: 0,
    entries: { step: maps.batches && part.entry(), features: part.entry() },
    for: () => ({ batches: maps.batches && ((plans) => maps.batches?.(plans) as AsyncGenerator<Batch>), source }),
  };
  if (free === null) return fed;
  const placed = placedMaps({ recipe, network, plan, images: bench, viewed: maps.batches !== null, free });
  if (placed === null) return fed;
  progress.line(placed.line);
  if (placed.place === 'fed') return fed;
  const table = (count: number): TableSpec => ({ rows: count, shape: part.shape, format, onHost: placed.place === 'machine' });
  const tables = { [IMAGES]: table(placed.images), ...(placed.views > 0 && { [VIEWS]: table(placed.views) }) };
  return {
    tables,
    onCard: placed.onCard,
    entries: { step: maps.batches && part.entry(VIEWS), features: part.entry(IMAGES) },
    for(program) {
      const [views, images] = [VIEWS, IMAGES].map((name) => new MapRows(program, name, part.size, Float32Array)) as [
        MapRows,
        MapRows,
      ];
      const { read } = source.maps as NonNullable<FeatureSource['maps']>;
      return {
        batches: maps.batches && ((plans) => maps.batches?.(plans, views) as AsyncGenerator<Batch>),
        source: { ...source, maps: { shape: part.shape, read, rows: (samples) => images.of(samples, read) } },
      };
    },
  };
}
