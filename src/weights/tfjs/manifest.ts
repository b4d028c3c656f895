import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import { bytesOfFile, joinedBytes, takeBytes } from '../byte-source.js';
import { parsedJson } from '../json-text.js';
import type { NamedTensor } from '../named-tensor.js';
import { decodedWeight, storedAs, type WeightEntry, weightSchema } from './weight.js';

const manifestSchema = z.array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) }));

/** Weights that lie one after the other in the files `paths`, which are parts of one run of bytes. */
export type WeightGroup = z.infer<typeof manifestSchema>[number];

const KINDS = { layers: 'layers model', graph: 'graph model' } as const;
const MODEL = 'model.json';

/** The JSON of a model.json, of either kind. */
export async function readModelJson(folder: string): Promise<unknown> {
  const path = join(folder, MODEL);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where: path,
      what: error.code === 'ENOENT' ? 'there is no model.json here' : `it cannot be read (${error.code})`,
      expected: 'the folder of a converted tfjs model: model.json and its weight files',
    });
  });
  return parsedJson(text, path);
}

/** Older layers models say nothing of their format. */
export function isGraphModel(json: unknown): boolean {
  return (json as { format?: unknown } | null)?.format === 'graph-model';
}

/** The topology of a model.json, as the reader of its kind has it, and its groups of weights. */
export function checkedModel<T extends z.ZodType>(
  json: unknown,
  kind: keyof typeof KINDS,
  topology: T,
  where: string,
): { topology: z.infer<T>; groups: WeightGroup[] } {
  if (kind === 'layers' && isGraphModel(json))
    throw new UserError({
      where,
      what: 'this is a tfjs graph model',
      expected: 'a layers model',
      mend: 'ft weights inspect FOLDER',
    });
  const result = z.looseObject({ modelTopology: topology, weightsManifest: manifestSchema }).safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UserError({
      where: `${where}: ${issue?.path.join('.') ?? ''}`,
      what: `this is not the model.json of a tfjs ${KINDS[kind]}`,
      found: issue?.message ?? '',
    });
  }
  const groups = result.data.weightsManifest as WeightGroup[];
  refuseRepeats(groups, where);
  for (const path of groups.flatMap((group) => group.paths)) {
    const local = localPath(path);
    if (local === '' || isAbsolute(local) || normalize(local).split(/[\\/]/)[0] === '..')
      throw new UserError({ where, what: `the weight file '${path}' would lie outside the model's folder` });
  }
  return { topology: result.data.modelTopology as z.infer<T>, groups };
}

/** Where a weight file lies in the folder: its path there, or for one with an address of its own, its name. */
export function localPath(path: string): string {
  return hasAddress(path) ? basename(path.replace(/[?#].*$/, '')) : path;
}

export function hasAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
}

/** A small model.json that names one large file again and again would have it read as often. */
function refuseRepeats(groups: readonly WeightGroup[], where: string): void {
  const seen = new Set<string>();
  for (const path of groups.flatMap((group) => group.paths)) {
    if (seen.has(path))
      throw new UserError({ where, what: `the weight file '${path}' is named twice`, mend: 'fetch or convert it again' });
    seen.add(path);
  }
}

/** Bytes that a weight takes in its file. */
function bytesOf(weight: WeightEntry, where: string): number {
  return weight.shape.reduce((product, dim) => product * dim, storedAs(weight, where).size);
}

/** What an error says of a group: its files and the weights in it with their shapes. */
export function describeGroup(group: WeightGroup): string {
  const weights = group.weights.map((weight) => `${weight.name} [${weight.shape.join(', ')}]`);
  return weights.length > 8 ? `${weights.slice(0, 8).join(', ')} and ${weights.length - 8} more` : weights.join(', ');
}

/** The files of a group that a folder lacks, as the manifest names them. */
export function missingFiles(folder: string, group: WeightGroup): string[] {
  return group.paths.filter((path) => !existsSync(join(folder, localPath(path))));
}

/**
 * The weights of a group that are wanted, by the names of the manifest; each is read and decoded when it is asked for.
 * @throws UserError where the files of the group are not as long as its weights
 */
export function groupTensors(
  folder: string,
  group: WeightGroup,
  isWanted: (name: string) => boolean = () => true,
): Map<string, NamedTensor> {
  const files = group.paths.map((path) => join(folder, localPath(path)));
  const source = joinedBytes(files.map((file) => bytesOfFile(file)));
  const tensors = new Map<string, NamedTensor>();
  let from = 0;
  for (const weight of group.weights) {
    const [start, length] = [from, bytesOf(weight, folder)];
    from += length;
    if (isWanted(weight.name))
      tensors.set(weight.name, {
        shape: weight.shape,
        values: () => decodedWeight(weight, takeBytes(source, start, length), folder),
      });
  }
  if (source.size !== from) {
    throw new UserError({
      where: files.join(', '),
      what: `the weight file is ${source.size < from ? 'cut short' : 'too long'}; it holds ${describeGroup(group)}`,
      expected: `${from} bytes`,
      found: `${source.size} bytes`,
      mend: 'fetch or convert it again',
    });
  }
  return tensors;
}
