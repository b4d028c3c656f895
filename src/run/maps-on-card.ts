/** The frozen part's maps in the card's memory, where they fit. */
import type { BatchPlan } from '../data/batch.js';
import type { Progress } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import type { Program } from '../runtime/program.js';
import { LARGEST_TABLE, type TableSpec, tableBytes } from '../runtime/trace/table.js';
import type { Entry } from '../train/entry.js';
import type { FeatureSource } from '../train/features.js';
import { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { devicesOf } from './devices.js';
import { imagesLookedAt } from './evaluate-epoch.js';
import type { FrozenMaps } from './frozen-maps.js';
import { phaseMemory } from './memory.js';
import type { Workbench } from './workbench.js';

/** Tables of a phase's program: of views, which are trained on, and of images as they are, which are looked at after an epoch. */
const [VIEWS, IMAGES] = ['views', 'images'] as const;

/** cuDNN's and cuBLAS' work space. */
const WORKSPACE = 1e9;
/** Of what is free: memory is taken in blocks, and others may take some. */
const USABLE = 0.9;

/**
 * Whether maps may lie on a card beside all that a phase computes there.
 * @param sizes bytes: of all maps, of what the phase takes besides (a forecast), and what is free before it
 */
export function fitOnCard({ maps, phase, free }: Record<'maps' | 'phase' | 'free', number>): boolean {
  return maps + phase + WORKSPACE <= USABLE * free;
}

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
  /** Bytes of the card's memory; null where graphs are not written for one. */
  readonly free: number | null;
  readonly progress: Progress;
}

/** From the card, where all maps that the phase wants fit there; else each time from the host. Says which, where there is a card. */
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
  const table = (rows: number): TableSpec => ({ rows, shape: part.shape, format });
  const tables: Record<string, TableSpec> = { [IMAGES]: table(imagesLookedAt(bench, rates).size) };
  if (viewed > 0) tables[VIEWS] = table(viewed);
  const each = Object.values(tables).map(tableBytes);
  const bytes = each.reduce((sum, one) => sum + one, 0);
  const fits = Math.max(...each) <= LARGEST_TABLE && fitOnCard({ maps: bytes, phase: phaseMemory(recipe, network, plan), free });
  const where = fits ? 'on the card' : `fed in each step (${inWords(free)} are free on the card)`;
  progress.line(`${phase}: maps of the frozen part: ${inWords(bytes)}, ${where}`);
  if (!fits) return fed;
  return {
    tables,
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

/** Bytes for a person. */
export function inWords(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1000 ? `${mib.toFixed(mib < 10 ? 1 : 0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
