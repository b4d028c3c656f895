/** Where a phase's views are rendered, decided and worded: for a run, and beforehand for `ft plan`. */
import { UserError } from '../errors.js';
import { type TableSpec, tableBytes } from '../runtime/trace/table.js';
import { type FreeMemory, inWords } from './maps-place.js';
import { viewsOf } from './phase-batches.js';
import {
  cannotRender,
  decodedTable,
  type Obstacle,
  obstacleTo,
  type RenderedOn,
  type ViewsBench,
  type ViewsOptions,
} from './views-on-card.js';

/** What is said of a phase's views. */
export interface PlacedViews {
  readonly rendered: RenderedOn;
  /** The decoded images, where the card renders. */
  readonly table: TableSpec;
  /** Null where there is no card, and nothing has changed. */
  readonly line: string | null;
}

type Wanted = Omit<ViewsOptions, 'free'>;

export interface PlacedViewsOptions extends Wanted {
  /** Null where graphs are not written for a card. */
  readonly free: FreeMemory | null;
  /** Bytes of the card's that maps of the frozen part take. */
  readonly taken: number;
  /** Where views were rendered so far, where a phase goes on with its layers; null where it begins with them. */
  readonly was: RenderedOn | null;
}

/** What is free for maps: what the recipe wants rendered on the card comes first; else maps, which spare more. */
export function leftForMaps(bench: ViewsBench, wanted: Wanted, free: FreeMemory | null): FreeMemory | null {
  if (free === null || bench.recipe.data.augmentOn !== 'card') return free;
  return { ...free, card: free.card - tableBytes(decodedTable(bench, wanted)) };
}

/**
 * On the card where the recipe lets it and nothing hinders; and what a stopped run was begun with is gone on with, because bytes of the
 * two may differ by a level.
 * @throws UserError where the recipe wants the card and it cannot
 */
export function placedViews(bench: ViewsBench, { free, taken, was, ...wanted }: PlacedViewsOptions): PlacedViews {
  const { recipe } = bench;
  const { phase } = wanted;
  const { augmentOn } = recipe.data;
  const table = decodedTable(bench, wanted);
  const hindered = obstacleTo(bench, { ...wanted, free: free && free.card - taken });
  if (augmentOn === 'card' && hindered !== null) throw new UserError(cannotRender(phase, hindered));
  const obstacle = augmentOn === 'card' ? null : (chosen(augmentOn, was) ?? hindered);
  const rendered: RenderedOn = obstacle === null ? 'card' : 'host';
  const views = viewsOf(phase, recipe, 0);
  const words = inLine({ rendered, was, obstacle, images: tableBytes(table), asTheyAre: views.augment === null && !views.mix });
  const said = free !== null || (was !== null && was !== rendered);
  return { rendered, table, line: said ? `${phase}: views: ${words}` : null };
}

/** What decides before anything of the card does. */
function chosen(augmentOn: 'auto' | 'host', was: RenderedOn | null): Obstacle | null {
  if (augmentOn === 'host') return { found: 'data.augmentOn: host', mend: '' };
  return was === 'host' ? { found: 'as before this run was stopped', mend: '' } : null;
}

interface Told {
  readonly rendered: RenderedOn;
  readonly was: RenderedOn | null;
  readonly obstacle: Obstacle | null;
  /** Bytes. */
  readonly images: number;
  readonly asTheyAre: boolean;
}

function inLine({ rendered, was, obstacle, images, asTheyAre }: Told): string {
  const moved = was !== null && was !== rendered ? `; until here on the ${was}, whose bytes may differ by a level` : '';
  if (rendered === 'host') return `rendered on the host (${obstacle?.found})${moved}`;
  return `${inWords(images)} of images, ${asTheyAre ? 'taken as they are, ' : 'rendered '}on the card${moved}`;
}
