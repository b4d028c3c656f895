/** The working recipe: the file in the current folder that `ft freeze` edits and that `ft train` and `ft plan` take by themselves. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { recipeNames } from './load.js';

export const WORKING_RECIPE = 'ft.yaml';

/** The working recipe before anything was changed in it. */
export const FRESH_WORKING_RECIPE = `# The working recipe of this folder: \`ft train\` and \`ft plan\` without a recipe use it, \`ft freeze\` edits it.
# What is not said here comes from the recipe that it extends (\`ft recipes show resnet-semihard\`).
extends: resnet-semihard
`;

/** The recipe that a verb was given, else the working recipe; a UserError that says what to do where there is neither. */
export function resolveRecipeArgument(given: string | undefined, folder: string): string {
  if (given !== undefined) return given;
  if (existsSync(join(folder, WORKING_RECIPE))) return `./${WORKING_RECIPE}`;
  throw new UserError({
    what: `no recipe was named, and there is no ${WORKING_RECIPE} in this folder`,
    expected: `one of ${recipeNames().join(', ')}, or a file`,
    mend: `name a recipe, e.g. resnet-semihard; or make a working one with \`ft freeze --until conv3\``,
  });
}
