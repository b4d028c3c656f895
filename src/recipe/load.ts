/** Finds a recipe, works in what it extends and what the command line sets, and checks the whole: every fault at once. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Fault, UserError, unknownName } from '../errors.js';
import { faultsOf } from './faults.js';
import { type Located, locatedAt, merge, plain } from './located.js';
import { parseRecipe, parseSets } from './parse.js';
import { type Recipe, recipeSchema } from './schema.js';

export interface LoadOptions {
  /** `key.path=value` from the command line; they win over every file. */
  sets?: readonly string[];
  /** Train on this folder of photos, whatever the recipe's data is. */
  data?: string;
  /** Where relative paths start; the current folder by default. */
  folder?: string;
  /** Reads a file; undefined where there is none. Lets a text be checked before it is written. */
  read?: (path: string) => string | undefined;
}

export interface LoadedRecipe {
  recipe: Recipe;
  /** The file's name without its ending. */
  name: string;
  /** The files it was made of, the most general first. */
  files: string[];
}

/** The folder with the recipes that come with ft. */
export const recipesFolder = fileURLToPath(new URL('../../recipes/', import.meta.url));

/** The names of the recipes that come with ft. */
export function recipeNames(folder: string = recipesFolder): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** The recipe of this name or path. Throws a UserError with all faults of all files of its chain, and of `sets`. */
export function loadRecipe(nameOrPath: string, options: LoadOptions = {}): LoadedRecipe {
  const context = { folder: resolve(options.folder ?? '.'), read: options.read ?? readText };
  const path = findRecipe(nameOrPath, context.folder, context.read);
  if (typeof path !== 'string') throw new UserError(path);
  const chain: { file: string; root: Located }[] = [];
  const faults: Fault[] = [];
  gather(path, context, chain, faults);
  const sets = parseSets(options.sets ?? []);
  faults.push(...sets.faults);

  let root = locatedAt(recipeSchema.parse({}), 'default');
  const layers = [...chain.map(({ root }) => root), sets.root];
  if (options.data !== undefined)
    layers.push(locatedAt({ data: { source: 'folder', folder: options.data, classes: null } }, '--data'));
  for (const layer of layers) root = merge(root, layer);
  const checked = recipeSchema.safeParse(plain(root));
  if (!checked.success) faults.push(...faultsOf(checked.error.issues, root, recipeSchema));
  const [first, ...rest] = inOrder(faults);
  if (first !== undefined) throw new UserError(first, ...rest);
  return { recipe: checked.data as Recipe, name: nameOf(path), files: chain.map(({ file }) => file) };
}

/** The file of a recipe: a name in recipes/, else NAME.yaml in `folder`, or a path; the fault where there is none. */
export function findRecipe(
  nameOrPath: string,
  folder: string,
  read: (path: string) => string | undefined = readText,
  where?: string,
): string | Fault {
  const isPath = /[/\\]/.test(nameOrPath) || /\.ya?ml$/.test(nameOrPath);
  if (!isPath) {
    if (recipeNames().includes(nameOrPath)) return join(recipesFolder, `${nameOrPath}.yaml`);
    const own = resolve(folder, `${nameOrPath}.yaml`);
    if (read(own) !== undefined) return own;
    return unknownName(nameOrPath, recipeNames(), 'recipe', where);
  }
  const path = resolve(folder, nameOrPath);
  if (read(path) !== undefined) return path;
  return {
    what: `there is no recipe '${nameOrPath}'`,
    ...(where === undefined ? {} : { where }),
    mend: '`ft recipes list` names those that come with ft',
  };
}

interface Context {
  folder: string;
  read: (path: string) => string | undefined;
}

/** Reads `path` and what it extends into `chain`, the most general first. */
function gather(
  path: string,
  context: Context,
  chain: { file: string; root: Located }[],
  faults: Fault[],
  below: readonly string[] = [],
): void {
  const shown = shownPath(path, context.folder);
  const parsed = parseRecipe(context.read(path) ?? '', shown);
  faults.push(...parsed.faults);
  const keys = new Map(parsed.root.value as ReadonlyMap<string, Located>);
  const base = keys.get('extends');
  keys.delete('extends');
  if (base !== undefined && base.value !== null) {
    const found =
      typeof base.value !== 'string'
        ? {
            what: "'extends' has a wrong value",
            where: base.where,
            expected: 'the name or path of a recipe',
            found: JSON.stringify(plain(base)),
          }
        : findRecipe(base.value, dirname(path), context.read, base.where);
    if (typeof found !== 'string') faults.push(found);
    else if ([...below, path].includes(found)) {
      const circle = [...below, path, found]
        .slice([...below, path].indexOf(found))
        .map(nameOf)
        .join(' → ');
      faults.push({ what: 'this recipe extends itself', where: base.where, found: circle });
    } else gather(found, context, chain, faults, [...below, path]);
  }
  chain.push({ file: path, root: { ...parsed.root, value: keys } });
}

/** Faults of one file by line and column; files and options in the order they came. */
function inOrder(faults: readonly Fault[]): Fault[] {
  const file = (fault: Fault) => (fault.where ?? '').replace(/:\d+:\d+$/, '');
  const files = [...new Set(faults.map(file))];
  const position = (fault: Fault) =>
    /:(\d+):(\d+)$/
      .exec(fault.where ?? '')
      ?.slice(1)
      .map(Number) ?? [0, 0];
  return [...faults].sort((a, b) => {
    const [rowA = 0, columnA = 0] = position(a);
    const [rowB = 0, columnB = 0] = position(b);
    return files.indexOf(file(a)) - files.indexOf(file(b)) || rowA - rowB || columnA - columnB;
  });
}

function shownPath(path: string, folder: string): string {
  if (dirname(path) === resolve(recipesFolder)) return `recipes/${path.slice(resolve(recipesFolder).length + 1)}`;
  const near = relative(folder, path);
  return near.startsWith('..') ? path : near;
}

function nameOf(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? path).replace(/\.ya?ml$/, '');
}

/** The text of a file; undefined where there is none. */
export function readText(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;
}
