/** `ft recipes`: which recipes there are, what they say, and a new one of one's own. */
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { UserError } from '../errors.js';
import { recipeJsonSchema } from '../recipe/json-schema.js';
import { findRecipe, loadRecipe, readText, recipeNames, recipesFolder } from '../recipe/load.js';
import { writeRecipe } from '../recipe/write.js';
import { writeFileAtomic } from '../runtime/folders.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';
import { setOption } from './set-option.js';
import { textTable } from './table.js';

export function recipesVerb(io: Io = processIo()): Command {
  const command = new Command('recipes').description(
    'List, show and make recipes. A recipe is a YAML file; `extends:` names the one that gives the rest.',
  );
  const list = command.command('list').description('the recipes that come with ft').option('--json', 'for tools');
  list.action((options: { json?: true }) => listRecipes(options.json === true, io));
  withExamples(list, [['ft recipes list', 'names, and what each is for']]);

  const show = command
    .command('show')
    .description('print a recipe')
    .argument('<recipe>', 'a name or a file')
    .option('--resolved', 'every key, with what it extends and its defaults worked in')
    .addOption(setOption())
    .action((name: string, options: { resolved?: true; set: string[] }) => showRecipe(name, options, io));
  withExamples(show, [
    ['ft recipes show resnet-semihard', 'as it is written'],
    ['ft recipes show smoke --resolved', 'every key'],
  ]);

  const make = command
    .command('new')
    .description('write NAME.yaml in this folder: every key of another recipe, each with its meaning')
    .argument('<name>', 'of the new recipe')
    .option('--from <recipe>', 'the recipe it starts from', 'resnet-semihard')
    .addOption(setOption())
    .action((name: string, options: { from: string; set: string[] }) => newRecipe(name, options, io));
  withExamples(make, [
    ['ft recipes new birds --from folder', 'then change birds.yaml and run `ft train birds --data FOLDER`'],
    ['ft recipes new wide --from resnet-semihard --set head.dimensions=256', 'with one key set'],
  ]);

  const schema = command.command('schema').description('print the JSON Schema of recipes, for editors');
  schema.action(() => void io.stdout.write(recipeJsonSchema()));
  withExamples(schema, [['ft recipes schema > recipes/schema.json', 'after a change of the keys']]);
  return withExamples(command, [
    ['ft recipes list', 'names, and what each is for'],
    ['ft recipes show resnet-semihard --resolved', 'every key of one'],
    ['ft recipes new birds --from folder', 'one of your own'],
  ]);
}

function listRecipes(json: boolean, io: Io): void {
  const recipes = recipeNames().map((name) => ({
    name,
    purpose: purposeOf(readText(join(recipesFolder, `${name}.yaml`)) ?? ''),
  }));
  if (json) io.stdout.write(`${JSON.stringify(recipes, null, 2)}\n`);
  else
    io.stdout.write(
      `${textTable(
        [{ title: 'recipe' }, { title: 'what for' }],
        recipes.map(({ name, purpose }) => [name, purpose]),
      )}\n`,
    );
}

/** The first line of a recipe's header that is not the editor's. */
function purposeOf(text: string): string {
  const line = text.split('\n').find((candidate) => candidate.startsWith('# ') && !candidate.includes('yaml-language-server'));
  return line?.slice(2) ?? '';
}

function showRecipe(name: string, options: { resolved?: true; set: string[] }, io: Io): void {
  const path = findRecipe(name, io.folder);
  if (typeof path !== 'string') throw new UserError(path);
  if (options.resolved || options.set.length > 0)
    io.stdout.write(stringify(loadRecipe(path, { sets: options.set, folder: io.folder }).recipe));
  else io.stdout.write(readText(path) ?? '');
}

async function newRecipe(name: string, options: { from: string; set: string[] }, io: Io): Promise<void> {
  const file = `${name.replace(/\.ya?ml$/, '')}.yaml`;
  if (!/^[\w.-]+$/.test(file)) throw new UserError({ what: `'${name}' is not a name`, expected: 'letters, digits, - and _' });
  if (recipeNames().includes(file.slice(0, -'.yaml'.length))) {
    throw new UserError({
      what: `a recipe '${name}' comes with ft`,
      expected: 'another name',
      mend: `ft recipes new my-${name} --from ${name}`,
    });
  }
  const path = resolve(io.folder, file);
  if (readText(path) !== undefined)
    throw new UserError({ what: 'there is such a file already', where: file, mend: 'take another name, or remove it' });
  const { recipe, name: base } = loadRecipe(options.from, { sets: options.set, folder: io.folder });
  const header = [
    `# yaml-language-server: $schema=${join(recipesFolder, 'schema.json')}`,
    `# Made from '${base}' by \`ft recipes new\`. What for: …`,
    `# Run: ft train ${file.slice(0, -'.yaml'.length)}`,
    '# Scores: not measured yet',
  ];
  await writeFileAtomic(path, `${header.join('\n')}\n\n${writeRecipe(recipe)}`);
  io.stdout.write(`${file}\n`);
}
