/** Where a phase gets its images from: pixels or maps, from the host or from tables on the card. */
import { aspectsOf } from '../data/aspects.js';
import { type BatchOptions, type BatchPlan, drawsOf, mixOf } from '../data/batch.js';
import type { Loader } from '../data/loader.js';
import type { Progress } from '../progress.js';
import type { Program } from '../runtime/program.js';
import type { TableSpec } from '../runtime/trace/table.js';
import { type Entry, pixelEntry } from '../train/entry.js';
import type { FeatureSource } from '../train/features.js';
import { MapRows } from '../train/map-rows.js';
import type { Batch } from '../train/phase.js';
import { type Rendering, renderingOf } from '../train/view-draws.js';
import { AS_THEY_ARE, viewEntry, viewValues } from '../train/view-entry.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import type { FrozenMaps } from './frozen-maps.js';
import { supplyOf } from './maps-on-card.js';
import type { FreeMemory } from './maps-place.js';
import { viewsOf } from './phase-batches.js';
import { leftForMaps, placedViews } from './placed-views.js';
import type { RenderedOn } from './views-on-card.js';
import type { Workbench } from './workbench.js';

/** Table of a phase's program: the decoded images. */
const DECODED = 'decoded';

export interface PhaseSupply {
  readonly tables: Readonly<Record<string, TableSpec>>;
  /** Where images enter the step and the features. */
  readonly entries: { readonly step: Entry; readonly features: Entry };
  readonly rendered: RenderedOn;
  /** The batches and the images that are looked at, as the phase's program takes them. */
  readonly for: (program: Program) => {
    readonly batches: (plans: readonly BatchPlan[]) => AsyncGenerator<Batch>;
    readonly source: FeatureSource;
  };
}

export interface PhaseSupplyOptions {
  readonly phase: PhaseName;
  readonly plan: PhasePlan;
  readonly seed: number;
  readonly loader: Loader;
  readonly source: FeatureSource;
  /** Null where graphs are not written for a card. */
  readonly free: FreeMemory | null;
  /** Where views were rendered so far, where a phase goes on with its layers; null where it begins with them. */
  readonly was: RenderedOn | null;
  readonly progress: Progress;
}

/**
 * Maps of the frozen part where they are kept, else pixels. Views are rendered on the card where the recipe lets it and nothing hinders, and
 * what a stopped run was begun with is gone on with: bytes of the two may differ by a level. Says which it is, where there is a card.
 * @throws UserError where the recipe wants the card and it cannot
 */
export function phaseSupply(bench: Workbench, maps: FrozenMaps | null, options: PhaseSupplyOptions): PhaseSupply {
  const { recipe, network } = bench;
  const { phase, plan, seed, loader, source, free, was, progress } = options;
  const { side } = recipe.data;
  const wanted = { phase, plan, maps: maps !== null, mapped: maps !== null && maps.batches !== null };
  const ofMaps = maps && supplyOf(bench, maps, { plan, free: leftForMaps(bench, wanted, free), progress });
  const { rendered, table, line } = placedViews(bench, { ...wanted, free, taken: ofMaps?.onCard ?? 0, was });
  if (line !== null) progress.line(line);
  const pixels = pixelEntry(network, side);
  if (rendered === 'host') {
    const entries = { step: ofMaps?.entries.step ?? pixels, features: ofMaps?.entries.features ?? pixels };
    if (!wanted.mapped) loader.begin();
    return {
      tables: ofMaps?.tables ?? {},
      entries,
      rendered,
      for(program) {
        const supplied = ofMaps?.for(program);
        return { batches: supplied?.batches ?? loader.batches, source: supplied?.source ?? source };
      },
    };
  }
  const views = viewsOf(phase, recipe, seed);
  const rendering = renderingOf(views.augment, views.mix, recipe.xla);
  return {
    tables: { ...ofMaps?.tables, [DECODED]: table },
    entries: {
      step: viewEntry(network, side, DECODED, rendering),
      features: ofMaps?.entries.features ?? viewEntry(network, side, DECODED, AS_THEY_ARE),
    },
    rendered,
    for(program) {
      const images = new MapRows(program, DECODED, side * side * 3, Uint8Array);
      const rows = (samples: readonly number[]) => images.of(samples, (missing, target) => readAll(source, missing, target));
      return {
        batches: (plans) => drawnBatches(plans, { bench, views, rendering, rows, progress }),
        source: ofMaps?.for(program).source ?? { ...source, rows },
      };
    },
  };
}

async function readAll({ read, side }: FeatureSource, samples: readonly number[], target: Uint8Array): Promise<void> {
  const bytes = side * side * 3;
  for (const [at, sample] of samples.entries()) await read(sample, target.subarray(at * bytes, (at + 1) * bytes));
}

interface DrawnOptions {
  readonly bench: Workbench;
  readonly views: BatchOptions;
  readonly rendering: Rendering;
  readonly rows: (samples: readonly number[]) => Promise<Int32Array>;
  readonly progress: Progress;
}

/** Planned batches by the rows of their images and the numbers that are drawn for their views. */
async function* drawnBatches(plans: readonly BatchPlan[], options: DrawnOptions): AsyncGenerator<Batch> {
  const { bench, views, rendering, rows, progress } = options;
  const { side } = bench.recipe.data;
  const { dataset, storePath } = bench.decoded;
  // A crop has to know the shape that an image had before it was stretched.
  const aspects = views.augment?.crop ? await aspectsOf(dataset, storePath, { progress }) : null;
  for (const plan of plans) {
    const { indices } = plan;
    const mix = mixOf(views, plan, side);
    const view = viewValues(rendering, drawsOf({ ...views, aspects }, plan, side), mix, side);
    yield { pixels: await rows([...indices]), indices, view, ...(mix && { mix }) };
  }
}
