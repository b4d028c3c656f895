import { appendFile, chmod, mkdir, mkdtemp, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { writeFileAtomic } from '../runtime/folders.js';

/** The files of a run, all inside one folder. */
export interface RunFolder {
  readonly path: string;
  readonly file: (...parts: string[]) => string;
  readonly writeJson: (name: string, value: unknown) => Promise<void>;
  readonly readJson: <T>(name: string) => Promise<T | undefined>;
  /** Adds one line to `metrics.jsonl`. */
  readonly log: (line: Record<string, unknown>) => Promise<void>;
  /** Takes lines out of `metrics.jsonl` that tell of work which a killed call lost and which is done again. */
  readonly keepLogged: (keep: (line: Record<string, unknown>) => boolean) => Promise<void>;
}

/** A JSON value as the files of a run hold it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function runFolder(path: string): RunFolder {
  const file = (...parts: string[]) => join(path, ...parts);
  return {
    path,
    file,
    writeJson: (name, value) => writeFileAtomic(file(name), jsonText(value)),
    async readJson<T>(name: string) {
      try {
        return JSON.parse(await readFile(file(name), 'utf8')) as T;
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
        throw new UserError({
          what: 'a file of this run cannot be read',
          where: file(name),
          found: (error as Error).message,
          mend: 'start a new run',
        });
      }
    },
    log: (line) => appendFile(file('metrics.jsonl'), `${JSON.stringify(line)}\n`),
    async keepLogged(keep) {
      const before = await readFile(file('metrics.jsonl'), 'utf8').catch(() => '');
      const lines = before.split('\n').filter((line) => line !== '' && isWholeAnd(keep, line));
      const after = lines.map((line) => `${line}\n`).join('');
      if (after !== before) await writeFileAtomic(file('metrics.jsonl'), after);
    },
  };
}

/** A kill while a line was written leaves half of one: it tells nothing. */
function isWholeAnd(keep: (line: Record<string, unknown>) => boolean, text: string): boolean {
  try {
    return keep(JSON.parse(text) as Record<string, unknown>);
  } catch {
    return false;
  }
}

/**
 * Makes `runs/<time>-<recipe>` with its first files in it, and points `runs/latest` to it. The folder appears whole: a kill in
 * the middle leaves none that looks like a run and is no run.
 *
 * @param files their contents by name
 */
export async function createRunFolder(
  root: string,
  recipe: string,
  now: Date,
  files: Readonly<Record<string, string>>,
): Promise<RunFolder> {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/:/g, '')
    .replace('T', '-');
  await mkdir(root, { recursive: true });
  const temporary = await mkdtemp(join(root, `.${stamp}-${recipe}.part-`));
  await chmod(temporary, 0o777 & ~process.umask());
  await mkdir(join(temporary, 'checkpoints'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(temporary, name), text);
  let path = join(root, `${stamp}-${recipe}`);
  for (let count = 2; ; count++) {
    try {
      // Refused where a run that was begun in the same second lies there: it holds files.
      await rename(temporary, path);
      break;
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      path = join(root, `${stamp}-${recipe}-${count}`);
    }
  }
  const link = join(root, `.latest-${basename(path)}`);
  await rm(link, { force: true });
  await symlink(basename(path), link);
  await rename(link, join(root, 'latest'));
  return runFolder(path);
}

/** Opens a run that is there: a path from `from`, or the name of a folder in `runs`. @throws UserError where it is no run */
export async function openRunFolder(argument: string, from: string, root = 'runs'): Promise<RunFolder> {
  for (const candidate of [resolve(from, argument), resolve(from, root, argument)]) {
    const target = await readlink(candidate).then(
      (to) => resolve(dirname(candidate), to),
      () => resolve(candidate),
    );
    const folder = runFolder(target);
    if ((await folder.readJson('manifest.json')) !== undefined) return folder;
  }
  throw new UserError({
    what: `'${argument}' is no run`,
    expected: 'a folder with a manifest.json, e.g. runs/latest',
    mend: `ls ${root}`,
  });
}
