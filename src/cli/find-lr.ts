/** `ft find-lr`: at which rates a phase learns, and at which it runs away. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { choose, UserError } from '../errors.js';
import { loadRecipe } from '../recipe/load.js';
import { resolveRecipeArgument } from '../recipe/working.js';
import type { GroupRates } from '../run/find-rate.js';
import { writeFileAtomic } from '../runtime/folders.js';
import type { PhaseName } from '../transfer/plan.js';
import { setComputing } from './computing.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { setOption } from './set-option.js';
import { textTable } from './table.js';

interface Options {
  set: string[];
  data?: string;
  phase?: string;
  from: number;
  to: number;
  steps: number;
  html?: string;
  json?: true;
}

const PHASES: ReadonlyMap<string, PhaseName> = new Map([
  ['classification', 'classification'],
  ['triplet', 'triplet'],
]);

export function findLrVerb(io: Io = processIo()): Command {
  const command = new Command('find-lr')
    .description(
      'Raise the learning rate from step to step and watch the loss (a range test): of all that a phase trains, then of each stage ' +
        'alone. Says at which rates the loss falls fastest and at which it runs away. Nothing is kept.',
    )
    .argument('[recipe]', 'a name (`ft recipes list`) or a file; ft.yaml in this folder where none is given')
    .addOption(setOption())
    .option('--data <folder>', 'your own photos')
    .option('--phase <phase>', 'classification or triplet; the first one of the recipe where none is given')
    .option('--from <rate>', 'the lowest rate', positive, 1e-5)
    .option('--to <rate>', 'the highest rate', positive, 1)
    .option('--steps <count>', 'steps of each sweep', count, 100)
    .option('--html <file>', 'a page with the curves')
    .option('--json', 'every loss, for tools')
    .action(async (given: string | undefined, options: Options) => {
      const { progress } = io;
      const { recipe, name } = loadRecipe(resolveRecipeArgument(given, io.folder), {
        sets: options.set,
        folder: io.folder,
        ...(options.data === undefined ? {} : { data: options.data }),
      });
      if (options.from >= options.to) {
        throw new UserError({
          what: 'the lowest rate is not below the highest',
          where: '--from',
          expected: `less than ${options.to}`,
          found: String(options.from),
        });
      }
      const phase = phaseOf(options.phase, recipe);
      setComputing(recipe);
      const [{ withPrecision }, { openWorkbench }, { findRates }] = await Promise.all([
        import('../run/precision.js'),
        import('../run/workbench.js'),
        import('../run/find-rate.js'),
      ]);
      const bench = await openWorkbench(withPrecision(recipe, progress), progress);
      const interrupt = io.interrupt('finishing the step (Ctrl-C again to leave at once)');
      const sweep = { low: options.from, high: options.to, steps: options.steps };
      const found = await findRates(bench, { phase, sweep, progress, stopped: interrupt.asked }).finally(interrupt.off);
      if (options.html !== undefined) {
        const { rangeTestPage } = await import('../report/range-test-page.js');
        await writeFileAtomic(resolve(io.folder, options.html), rangeTestPage(name, phase, found));
      }
      io.stdout.write(
        options.json
          ? `${JSON.stringify({ recipe: name, phase, sweep, groups: found }, null, 2)}\n`
          : words(phase, found, recipe[phase]?.rate ?? 0),
      );
      if (options.html !== undefined && !options.json) io.stdout.write(`\ncurves: ${options.html}\n`);
    });
  return withExamples(command, [
    ['ft find-lr resnet-semihard', 'the classification phase of a recipe'],
    ['ft find-lr folder --data my-photos --phase triplet', 'the triplet phase, on your own photos'],
    ['ft find-lr --steps 200 --html rates.html', 'a finer sweep, with its curves'],
  ]);
}

function phaseOf(given: string | undefined, recipe: Record<PhaseName, unknown>): PhaseName {
  const there = [...PHASES.values()].filter((phase) => recipe[phase] !== null);
  const [first] = there;
  if (first === undefined)
    throw new UserError({
      what: 'the recipe trains nothing',
      where: 'classification, triplet',
      expected: 'a phase that is not null',
    });
  if (given === undefined) return first;
  const phase = choose(PHASES, given, 'phase', '--phase');
  if (there.includes(phase)) return phase;
  throw new UserError({ what: `the recipe has no ${phase} phase`, where: '--phase', expected: there.join(' or '), found: given });
}

function words(phase: PhaseName, found: readonly GroupRates[], present: number): string {
  const rate = (value: number | null) => (value === null ? '–' : value.toExponential(1));
  const table = textTable(
    [
      { title: '' },
      { title: 'params', align: 'right' },
      { title: 'falls fastest', align: 'right' },
      { title: 'lowest ÷ 10', align: 'right' },
      { title: 'runs away', align: 'right' },
    ],
    found.map(({ group, parameters, curve, suggestion }) => [
      group,
      parameters.toLocaleString('en'),
      rate(suggestion.steepest),
      rate(suggestion.tenth),
      curve.diverged === null ? 'never' : rate(curve.diverged),
    ]),
  );
  const all = found[0]?.suggestion;
  const advice =
    all?.steepest == null
      ? 'The loss of all layers together did not fall: sweep other rates (--from, --to) or more steps (--steps).'
      : `For ${phase}.rate try between ${rate(Math.min(all.steepest, all.tenth ?? all.steepest))} and ${rate(Math.max(all.steepest, all.tenth ?? all.steepest))} (now ${rate(present)}):  --set ${phase}.rate=${rate(all.tenth ?? all.steepest)}`;
  return `${table}\n\n'all' is the base rate, times each layer's multiplier; a stage's is the rate at which it moves, the others held still.\n${advice}\n`;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError('a rate above 0 was expected, e.g. 1e-4');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 20 && value <= 100_000))
    throw new InvalidArgumentError('a whole number from 20 on was expected');
  return value;
}
