/** `ft plan`: what a recipe freezes, and at which rate each layer learns, before a step is run. */
import { Command } from 'commander';
import type { Network } from '../network/network.js';
import { loadRecipe } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { resolveRecipeArgument } from '../recipe/working.js';
import type { SplitImages } from '../run/evaluate-epoch.js';
import type { FreeMemory } from '../run/maps-place.js';
import { phaseMemory } from '../run/memory.js';
import { placedMaps } from '../run/placed-maps.js';
import { leftForMaps, placedViews } from '../run/placed-views.js';
import { planPhases } from '../run/plans.js';
import { keptAsMaps } from '../run/views-on-card.js';
import { freeOnCard } from '../runtime/card-memory.js';
import type { PhasePlan } from '../transfer/plan.js';
import { sparedBy } from '../transfer/spared.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { classesOf, type LoadNetwork, listedSplit, loadNetwork } from './plan-inputs.js';
import { planText } from './plan-table.js';
import { setOption } from './set-option.js';

interface Options {
  set: string[];
  data?: string;
  stages?: true;
  all?: true;
  json?: true;
}

export function planVerb(io: Io = processIo(), load: LoadNetwork = loadNetwork, freeMemory = freeOnCard): Command {
  const command = new Command('plan')
    .description(
      'Show each layer with its stage, output shape, parameters, whether it is frozen or at which rate it learns in ' +
        'each phase, its weight decay and the mode of its BatchNorm; and totals. Nothing is trained.',
    )
    .argument('[recipe]', 'a name (`ft recipes list`) or a file; ft.yaml in this folder where none is given')
    .addOption(setOption())
    .option('--data <folder>', 'your own photos, one folder a class')
    .option('--stages', 'one row a stage')
    .option('--all', 'layers without weights too')
    .option('--json', 'everything, down to each variable, for tools')
    .action(async (given: string | undefined, options: Options) => {
      const loaded = loadRecipe(resolveRecipeArgument(given, io.folder), {
        sets: options.set,
        folder: io.folder,
        ...(options.data === undefined ? {} : { data: options.data }),
      });
      const { recipe } = loaded;
      const network = await load(recipe.backbone, io.progress);
      const images = await listedSplit(recipe, io.folder);
      const classes = classesOf(images);
      const plans = planPhases(recipe, network, classes);
      if (options.json) {
        io.stdout.write(
          `${JSON.stringify({ recipe: loaded.name, backbone: network.name, side: recipe.data.side, classes, phases: plans }, null, 2)}\n`,
        );
        return;
      }
      io.stdout.write(`${heading(loaded.name, network.name, recipe.data.side, plans)}\n\n`);
      io.stdout.write(`${planText(plans, { stages: options.stages === true, all: options.all === true })}\n`);
      const spared = sparedInWords(recipe, network, plans);
      if (spared.length > 0) io.stdout.write(`\n${spared.join('\n')}\n`);
      if (plans.length > 0) io.stdout.write(`\n${memoryInWords(recipe, network, plans)}\n`);
      const free = images === null || recipe.device === 'cpu' ? null : await freeMemory();
      if (images !== null && free !== null)
        for (const line of placesOnCard(recipe, network, plans, images, free)) io.stdout.write(`${line}\n`);
      if (classes === null)
        io.stdout.write('\nThe classifier is as wide as there are classes: known once --data names a folder.\n');
    });
  return withExamples(command, [
    ['ft plan', 'the working recipe, ft.yaml'],
    ['ft plan resnet-semihard --stages', 'one row a stage'],
    ['ft plan folder --data my-photos', 'with the classes of your own photos'],
    ["ft plan --set 'classification.freeze={until: none}'", 'what would happen with nothing frozen'],
    ['ft plan smoke --json', 'for tools: each variable with its multiplier'],
  ]);
}

/** What frozen layers spare each phase, and how much room that takes. */
function sparedInWords({ data, frozenMaps }: Recipe, network: Network, plans: readonly PhasePlan[]): string[] {
  return plans.flatMap((plan) => {
    const spared = sparedBy(network, plan, data.side);
    if (spared === null) return [];
    const { upTo, shape, share } = spared;
    const kib = (shape.reduce((product, extent) => product * extent, 1) * (frozenMaps === 'bf16' ? 2 : 4)) / 1024;
    const what = `${plan.phase}: ${(100 * share).toFixed(0)} % of a step's arithmetic lies in what stands still (up to ${upTo})`;
    const room = `${shape.join(' × ')} numbers, ${kib < 10 ? kib.toFixed(1) : kib.toFixed(0)} KiB`;
    if (frozenMaps === 'off') return [`${what}; frozenMaps: off, so it is computed in every step`];
    return [
      data.views === 0
        ? `${what}; computed once for scores (${room} an image), in every step for training: data.views=4 would spare it there`
        : `${what}; computed once an image and for each of its ${data.views} views (${room} each)`,
    ];
  });
}

/** The memory of each phase, to two digits: that is as much as is known. */
function memoryInWords(recipe: Recipe, network: Network, plans: readonly PhasePlan[]): string {
  const phases = plans.map(
    (plan) => `${(phaseMemory(recipe, network, plan) / 2 ** 30).toFixed(1)} GiB in the ${plan.phase} phase`,
  );
  return `memory: about ${phases.join(', ')}`;
}

/** Where a run on the card of this machine would have the maps of what stands still, and its views rendered, as that run would say it. */
function placesOnCard(
  recipe: Recipe,
  network: Network,
  plans: readonly PhasePlan[],
  images: SplitImages,
  free: FreeMemory,
): string[] {
  return plans.flatMap((plan) => {
    const bench = { ...images, recipe, network };
    const wanted = { phase: plan.phase, plan, ...keptAsMaps(bench, plan) };
    const left = leftForMaps(bench, wanted, free) as FreeMemory;
    const maps = placedMaps({ recipe, network, plan, images, viewed: wanted.mapped, free: left });
    const views = placedViews(bench, { ...wanted, free, taken: maps?.onCard ?? 0, was: null });
    return [maps?.line, views.line].filter((line) => line != null);
  });
}

/** The line above a plan. */
export function heading(recipe: string, backbone: string, side: number, plans: readonly PhasePlan[]): string {
  const phases = plans.map((plan) => plan.phase).join(', then ') || 'no phase is trained';
  return `${recipe}: ${backbone} at ${side} px; ${phases}`;
}
