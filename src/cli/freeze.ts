/** `ft freeze`: changes what the working recipe freezes, and nothing else in its file. */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { type Fault, UserError } from '../errors.js';
import { type Edit, editYaml } from '../recipe/edit.js';
import { loadRecipe, readText } from '../recipe/load.js';
import { FRESH_WORKING_RECIPE, WORKING_RECIPE } from '../recipe/working.js';
import { planPhases } from '../run/plans.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { type Freeze, throwFaults } from '../transfer/freeze.js';
import type { PhaseName } from '../transfer/plan.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { heading } from './plan.js';
import { classesOf, type LoadNetwork, listedSplit, loadNetwork } from './plan-inputs.js';
import { planText } from './plan-table.js';

interface Options {
  until?: string;
  only?: string[];
  phase: PhaseName | 'both';
  dryRun?: true;
  file: string;
  stages?: true;
}

export function freezeVerb(io: Io = processIo(), load: LoadNetwork = loadNetwork): Command {
  const command = new Command('freeze')
    .description(
      `Freeze layers in the working recipe (${WORKING_RECIPE} in this folder, made if there is none), then show the plan. ` +
        'Comments and order in the file stay as they are; a name that does not exist changes nothing.',
    )
    .addOption(
      new Option('--until <stage|layer>', 'everything up to and including it; none; all (the whole backbone)').conflicts('only'),
    )
    .addOption(new Option('--only <names...>', 'exactly these stages, layers and globs (quote the globs)'))
    .addOption(new Option('--phase <phase>', 'in which phase').choices(['classification', 'triplet', 'both']).default('both'))
    .option('--file <path>', 'another recipe file', WORKING_RECIPE)
    .option('--dry-run', 'show what would change, write nothing')
    .option('--stages', 'show the plan with one row a stage')
    .action((options: Options) => freeze(options, io, load));
  return withExamples(command, [
    ['ft freeze --until conv3', 'train conv4, conv5 and the head'],
    ['ft freeze --until none --phase triplet', 'train every layer in the second phase'],
    ['ft freeze --until all', 'train the head alone'],
    ["ft freeze --only 'conv2_*' conv1", 'freeze exactly what these match'],
    ['ft freeze --until conv4 --dry-run', 'look first'],
  ]);
}

async function freeze(options: Options, io: Io, load: LoadNetwork): Promise<void> {
  const choice = choiceOf(options);
  const path = resolve(io.folder, options.file);
  const written = readText(path);
  const text = written ?? FRESH_WORKING_RECIPE;
  const read = (current: string) => (file: string) => (file === path ? current : readText(file));
  const before = loadRecipe(path, { folder: io.folder, read: read(text) });
  const phases = phasesOf(options.phase, before.recipe, options.file);
  const edited = editYaml(
    text,
    phases.map((phase) => editOf(phase, choice)),
    options.file,
  );
  const after = loadRecipe(path, { folder: io.folder, read: read(edited) });

  const network = await load(after.recipe.backbone, io.progress);
  const classes = classesOf(await listedSplit(after.recipe, io.folder));
  const plans = atOptions(() => planPhases(after.recipe, network, classes), phases);
  if (options.dryRun) io.stdout.write(`${options.file} would change:\n${changes(written ?? '', edited)}\n`);
  else if (edited !== written) await writeFileAtomic(written === undefined ? path : realpathSync(path), edited);
  const done = options.dryRun ? 'would be' : 'is';
  io.stdout.write(`${options.file}: ${words(choice)} ${done} frozen in ${phases.join(' and ')}\n\n`);
  io.stdout.write(`${heading(after.name, network.name, after.recipe.data.side, plans)}\n\n`);
  io.stdout.write(`${planText(plans, { stages: options.stages === true, all: false })}\n`);
}

function choiceOf({ until, only }: Options): Freeze {
  if (until !== undefined) return { until };
  if (only !== undefined) return { only };
  throw new UserError({
    what: 'what shall be frozen?',
    expected: '--until STAGE or --only NAME…',
    mend: 'for example: ft freeze --until conv3',
  });
}

function phasesOf(asked: Options['phase'], recipe: Record<PhaseName, unknown>, file: string): PhaseName[] {
  const present = (['classification', 'triplet'] as const).filter((phase) => recipe[phase] !== null);
  const phases = asked === 'both' ? present : present.filter((phase) => phase === asked);
  if (phases.length === 0) {
    throw new UserError({
      what: asked === 'both' ? `${file} leaves both phases out` : `${file} leaves the ${asked} phase out`,
      where: '--phase',
      expected: present.join(', ') || 'a recipe with a phase',
    });
  }
  return phases;
}

function editOf(phase: PhaseName, choice: Freeze): Edit {
  return 'until' in choice
    ? { path: [phase, 'freeze', 'until'], value: choice.until, replaces: 'only' }
    : { path: [phase, 'freeze', 'only'], value: choice.only, replaces: 'until' };
}

/** Faults of what was asked for here name the option, once, not the key of each phase. */
function atOptions<T>(work: () => T, phases: readonly PhaseName[]): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const renamed = error.faults.map((fault): Fault => {
      const [, phase, key] = /^(\w+)\.freeze(?:\.(until|only))?$/.exec(fault.where ?? '') ?? [];
      if (!phases.includes(phase as PhaseName)) return fault;
      return { ...fault, where: key === undefined ? 'ft freeze' : `--${key}` };
    });
    throwFaults(
      renamed.filter((fault, i) => renamed.findIndex((other) => other.where === fault.where && other.what === fault.what) === i),
    );
    throw error;
  }
}

function words(choice: Freeze): string {
  if ('only' in choice) return `only ${choice.only.join(', ')}`;
  switch (choice.until) {
    case 'none':
      return 'nothing';
    case 'all':
      return 'the whole backbone';
    default:
      return `everything up to and including ${choice.until}`;
  }
}

/** The lines that differ, in the file's order. Recipes are short: the plain longest common subsequence does. */
function changes(before: string, after: string): string {
  const old = before.split('\n');
  const fresh = after.split('\n');
  const common: number[][] = Array.from({ length: old.length + 1 }, () => new Array<number>(fresh.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    const row = common[i] as number[];
    for (let j = fresh.length - 1; j >= 0; j--)
      row[j] = old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) [i, j] = [i + 1, j + 1];
    else if (i < old.length && (j >= fresh.length || at(i + 1, j) >= at(i, j + 1))) lines.push(`- ${old[i++]}`);
    else lines.push(`+ ${fresh[j++]}`);
  }
  return lines.filter((line) => line !== '- ' && line !== '+ ').join('\n') || '  nothing';
}
