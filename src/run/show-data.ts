import type { BatchPlan } from '../data/batch.js';
import type { Dataset } from '../data/dataset.js';
import { createLoader } from '../data/loader.js';
import type { DecodedDataset } from '../data/pixel-cache.js';
import { openPixels } from '../data/pixels.js';
import { deriveSeed } from '../data/random.js';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import type { PhaseName } from '../transfer/plan.js';
import { openImages } from './images.js';
import { batchesOf, plansOf, viewsOf, withClassesThereAre } from './phase-batches.js';

/** One picture of a sheet. */
export interface SheetCell {
  /** side × side × 3 bytes; null: the image is not drawn in that epoch. */
  readonly pixels: Uint8Array | null;
  /** Lines of words. */
  readonly caption: string;
}

export interface SheetRow {
  readonly file: string;
  readonly className: string;
  /** The image as it is cached, then its views. */
  readonly cells: readonly SheetCell[];
}

/** Some training images beside their augmented views, as training draws them. */
export interface Sheet {
  readonly title: string;
  /** What varies the views, in words. */
  readonly notes: readonly string[];
  readonly side: number;
  readonly rows: readonly SheetRow[];
}

export interface SheetOptions {
  readonly phase: PhaseName | null;
  /** Images: rows. */
  readonly images: number;
  /** Views of each: one from each epoch, from the first on. */
  readonly views: number;
}

/**
 * The views that a phase of a recipe would train on: for each of some images, spread evenly over the training part, the view of each
 * of the first epochs at the very place at which the sampler puts it, mixed with the partner that it gets there. Epochs beyond the
 * recipe's last one are shown as if it went on.
 */
export async function showData(recipe: Recipe, options: SheetOptions, progress: Progress): Promise<Sheet> {
  const phase = options.phase ?? (recipe.classification === null ? 'triplet' : 'classification');
  if (recipe[phase] === null) {
    throw new UserError({
      what: `the recipe has no ${phase} phase`,
      where: `${phase}: null`,
      mend: 'take --phase of the other one',
    });
  }
  const { decoded, split } = await openImages(recipe, progress);
  const fitting = withClassesThereAre(recipe, split, progress);
  const seed = deriveSeed(recipe.seed, phase);
  const batches = batchesOf(phase, { recipe: fitting, split, decoded }, seed);
  const plans = plansOf(fitting, batches);
  const { samples } = split.train;
  const count = Math.min(options.images, samples.length);
  const shown = Array.from({ length: count }, (_, row) => samples[Math.floor(((row + 0.5) * samples.length) / count)] as number);
  const epochs = Array.from({ length: options.views }, (_, epoch) => plans(epoch));
  const views = viewsOf(phase, fitting, seed);
  const loader = createLoader(decoded, { ...views, workers: 0, progress });
  const bar = progress.bar('views', count * options.views, 'views');
  try {
    const rows: SheetRow[] = [];
    const originals = originalsOf(decoded);
    for (const sample of shown) {
      const cells: SheetCell[] = [originals(sample)];
      for (const plan of epochs) {
        cells.push(await viewOf(sample, plan, loader, decoded.dataset, views.mix != null));
        bar.advance(1);
      }
      const { file, class: number } = decoded.dataset.samples[sample] as Dataset['samples'][number];
      rows.push({ file, className: decoded.dataset.classes[number] as string, cells });
    }
    return { title: titleOf(decoded.dataset, phase, recipe), notes: notesOf(fitting, phase), side: recipe.data.side, rows };
  } finally {
    bar.done();
    await loader.close();
  }
}

function originalsOf({ storePath }: DecodedDataset): (sample: number) => SheetCell {
  return (sample) => {
    const store = openPixels(storePath);
    try {
      return { pixels: store.read(sample), caption: 'as it is' };
    } finally {
      store.close();
    }
  };
}

async function viewOf(
  sample: number,
  plan: readonly BatchPlan[],
  loader: ReturnType<typeof createLoader>,
  dataset: Dataset,
  mixed: boolean,
): Promise<SheetCell> {
  const epoch = `epoch ${(plan[0]?.epoch ?? 0) + 1}`;
  const step = plan.findIndex(({ indices }) => indices.includes(sample));
  if (step < 0) return { pixels: null, caption: `${epoch}: not drawn` };
  const { indices, first, epoch: number } = plan[step] as BatchPlan;
  const place = indices.indexOf(sample);
  // A view knows its place alone; only where images are mixed the others of the batch have to be made too.
  const wanted = mixed
    ? { indices, first, epoch: number }
    : { indices: Int32Array.of(sample), first: first + place, epoch: number };
  for await (const { pixels, mix } of loader.batches([wanted])) {
    const bytes = pixels.length / wanted.indices.length;
    const at = mixed ? place : 0;
    const partner = mix === undefined || mix.lambda === 1 ? undefined : indices[mix.partners[place] as number];
    const caption = `${epoch}, step ${step + 1}`;
    const own = mix?.lambda ?? 1;
    const words = partner === undefined ? [] : [`${percent(own)} + ${percent(1 - own)}`, classOf(dataset, partner)];
    return { pixels: pixels.slice(at * bytes, (at + 1) * bytes), caption: [caption, ...words].join('\n') };
  }
  throw new Error('the loader gave no batch');
}

function percent(share: number): string {
  return `${Math.round(100 * share)}\u00a0%`;
}

function classOf(dataset: Dataset, sample: number): string {
  return dataset.classes[dataset.samples[sample]?.class as number] as string;
}

function titleOf(dataset: Dataset, phase: PhaseName, recipe: Recipe): string {
  return `${dataset.name}: what the ${phase} phase sees, ${recipe.data.side} px, seed ${recipe.seed}`;
}

/** What is switched on, key by key as a recipe names it. */
function notesOf(recipe: Recipe, phase: PhaseName): string[] {
  const { augment } = recipe.data;
  const words =
    augment === 'none'
      ? ['none']
      : Object.entries(augment)
          .filter(([, value]) => isOn(value))
          .map(inWords);
  const sampler = recipe[phase]?.sampler;
  const mix = phase === 'classification' ? (recipe.classification?.mix ?? null) : null;
  return [
    `data.augment: ${words.join(', ') || 'nothing is on'}`,
    `${phase}.sampler: ${sampler}`,
    ...(mix === null ? [] : [inWords(['classification.mix', mix])]),
  ];
}

function isOn(value: unknown): boolean {
  return value !== null && value !== 0 && !(Array.isArray(value) && value[0] === 1 && value[1] === 1);
}

function inWords([key, value]: [string, unknown]): string {
  if (Array.isArray(value))
    return `${key} ${value.length === 2 && value.every((one) => typeof one === 'number') ? value.join('–') : `(${value.length})`}`;
  if (value !== null && typeof value === 'object') return `${key} { ${Object.entries(value).map(inWords).join(', ')} }`;
  return `${key} ${value}`;
}
