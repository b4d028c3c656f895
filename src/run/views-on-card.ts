/** Whether a phase's step renders its views itself, from decoded images in the card's memory. */
import { type Fault, UserError } from '../errors.js';
import type { PhaseRates } from '../recipe/schema.js';
import { type TableSpec, tableBytes } from '../runtime/trace/table.js';
import { hostOnly } from '../train/view-draws.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { sparedBy } from '../transfer/spared.js';
import { devicesOf } from './devices.js';
import { imagesLookedAt, type SplitImages } from './evaluate-epoch.js';
import { fitOnCard, inWords } from './maps-place.js';
import { phaseMemory } from './memory.js';
import { viewsOf } from './phase-batches.js';
import type { Workbench } from './workbench.js';

/** Where views are rendered: by threads of the processor, or in the step. */
export type RenderedOn = 'host' | 'card';

/** From which epoch on (the first is 1) the views of a phase were rendered where. */
export interface Rendered {
  readonly epoch: number;
  readonly on: RenderedOn;
}

/** Why views are rendered on the host, and what would let the card do it. */
export interface Obstacle {
  readonly found: string;
  readonly mend: string;
}

/** What is known of a run before it begins. */
export type ViewsBench = SplitImages & Pick<Workbench, 'recipe' | 'network'>;

export interface ViewsOptions {
  readonly phase: PhaseName;
  readonly plan: PhasePlan;
  /** Bytes of the card's memory that maps of the frozen part leave; null where graphs are not written for one. */
  readonly free: number | null;
  /** Whether what frozen layers make of images is kept: features between epochs begin there. */
  readonly maps: boolean;
  /** Whether it is kept of views too, which are trained on by it. */
  readonly mapped: boolean;
}

/** The decoded images that a phase wants: those it trains on, and where features are computed from pixels those it looks at. */
export function decodedTable(bench: ViewsBench, { phase, maps }: Pick<ViewsOptions, 'phase' | 'maps'>): TableSpec {
  const { recipe, split } = bench;
  const { side } = recipe.data;
  const looked = maps ? [] : imagesLookedAt(bench, recipe[phase] as PhaseRates);
  return { rows: new Set([...split.train.samples, ...looked]).size, shape: [side, side, 3], format: 'uint8' };
}

/** What a phase would keep as maps of its frozen part, were there room for them. */
export function keptAsMaps({ recipe, network }: Pick<ViewsBench, 'recipe' | 'network'>, plan: PhasePlan) {
  const maps = recipe.frozenMaps !== 'off' && sparedBy(network, plan, recipe.data.side) !== null;
  // Images that are mixed with each other no map can hold.
  return { maps, mapped: maps && recipe.data.views > 0 && viewsOf(plan.phase, recipe, 0).mix == null };
}

/** Null where the card can render a phase's views. */
export function obstacleTo(bench: ViewsBench, options: ViewsOptions): Obstacle | null {
  const { recipe, network } = bench;
  const { phase, plan, free, mapped } = options;
  if (free === null) return { found: 'graphs are written for a processor', mend: 'ft doctor, which says why no card is used' };
  if (recipe.engine !== 'traced') return { found: `engine: ${recipe.engine}`, mend: '--set engine=traced' };
  if (devicesOf(recipe) > 1) return { found: `devices: [${recipe.devices?.join(', ')}]`, mend: '--set devices=null' };
  const changes = hostOnly(viewsOf(phase, recipe, 0).augment);
  if (changes.length > 0) return { found: `data.augment has ${changes.join(' and ')}`, mend: 'take that out of data.augment' };
  if (mapped) return { found: `data.views: ${recipe.data.views}, of which frozen maps are kept`, mend: '--set data.views=0' };
  const bytes = tableBytes(decodedTable(bench, options));
  if (!fitOnCard({ tables: bytes, largest: bytes, phase: phaseMemory(recipe, network, plan) }, free))
    return { found: `${inWords(bytes)} of images, ${inWords(free)} free on the card`, mend: 'a smaller data.side, or batch' };
  return null;
}

/** What a recipe that wants the card (`data.augmentOn: card`) is told where it cannot. */
export function cannotRender(phase: PhaseName, { found, mend }: Obstacle): Fault {
  return {
    what: `the card cannot render the views of the ${phase} phase`,
    where: 'data.augmentOn',
    expected: 'one card that the images fit on, and changes that a step renders',
    found,
    mend: `${mend}; or --set data.augmentOn=auto`,
  };
}

/**
 * Refuses, before anything is trained, what could not be rendered where the recipe wants it.
 * @param phases that are still to be trained
 * @throws UserError
 */
export function checkViews(bench: Workbench, phases: readonly PhaseName[], free: number | null): void {
  if (bench.recipe.data.augmentOn !== 'card') return;
  const faults = phases.flatMap((phase) => {
    const plan = bench.plans.get(phase) as PhasePlan;
    const obstacle = obstacleTo(bench, { phase, plan, free, ...keptAsMaps(bench, plan) });
    return obstacle === null ? [] : [cannotRender(phase, obstacle)];
  });
  const [first, ...others] = faults;
  if (first !== undefined) throw new UserError(first, ...others);
}
