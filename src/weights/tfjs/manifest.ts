import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';

const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: z.looseObject({ dtype: z.string() }).optional(),
});
const fileSchema = z.looseObject({
  format: z.string().nullish(),
  modelTopology: z.unknown(),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) })),
});

/** The entry of one weight in a manifest, as tfjs writes it. */
export type WeightEntry = z.infer<typeof weightSchema>;
/** Weights that lie one after the other in the files `paths`, which are parts of one run of bytes. */
export type WeightGroup = z.infer<typeof fileSchema>['weightsManifest'][number];
export interface ModelFile {
  topology: unknown;
  groups: WeightGroup[];
}

/** Reads the model.json of a tfjs layers model. */
export async function readModelFile(folder: string): Promise<ModelFile> {
  const path = join(folder, 'model.json');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where: path,
      what: error.code === 'ENOENT' ? 'there is no model.json here' : `it cannot be read (${error.code})`,
      expected: 'the folder of a converted tfjs layers model: model.json and its weight files',
    });
  });
  return parseModelFile(text, path);
}

/** Checks the text of a model.json. */
export function parseModelFile(text: string, where: string): ModelFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      where,
      what: 'it is not whole JSON',
      found: error instanceof Error ? error.message : String(error),
      mend: 'fetch or convert it again',
    });
  }
  if ((json as { format?: unknown } | null)?.format === 'graph-model') {
    throw new UserError({
      where,
      what: 'this is a tfjs graph model',
      expected: 'a layers model',
      mend: 'convert with --output_format tfjs_layers_model',
    });
  }
  const result = fileSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UserError({
      where: `${where}: ${issue?.path.join('.') ?? ''}`,
      what: `this is not the model.json of a tfjs layers model`,
      found: issue?.message ?? '',
    });
  }
  refuseRepeats(result.data.weightsManifest, where);
  for (const path of result.data.weightsManifest.flatMap((group) => group.paths)) {
    if (isAbsolute(path) || normalize(path).startsWith('..'))
      throw new UserError({ where, what: `the weight file '${path}' would lie outside the model's folder` });
  }
  return { topology: result.data.modelTopology, groups: result.data.weightsManifest };
}

/** A small model.json that names one large file again and again would have it read as often. */
export function refuseRepeats(groups: readonly WeightGroup[], where: string): void {
  const seen = new Set<string>();
  for (const path of groups.flatMap((group) => group.paths)) {
    if (seen.has(path))
      throw new UserError({ where, what: `the weight file '${path}' is named twice`, mend: 'fetch or convert it again' });
    seen.add(path);
  }
}

/** Bytes that a weight takes in its file. */
export function bytesOf(weight: WeightEntry, where: string): number {
  const size = weight.shape.reduce((product, dim) => product * dim, 1);
  const dtype = weight.quantization?.dtype ?? weight.dtype;
  switch (dtype) {
    case 'float32':
    case 'int32':
      return 4 * size;
    case 'float16':
    case 'uint16':
      return 2 * size;
    case 'uint8':
    case 'bool':
      return size;
    default:
      throw new UserError({
        where,
        what: `the weight '${weight.name}' is stored as ${dtype}`,
        expected: 'float32, int32, float16, uint16, uint8 or bool',
      });
  }
}

/** What an error says of a group: its files and the weights in it with their shapes. */
export function describeGroup(group: WeightGroup): string {
  const weights = group.weights.map((weight) => `${weight.name} [${weight.shape.join(', ')}]`);
  return weights.length > 8 ? `${weights.slice(0, 8).join(', ')} and ${weights.length - 8} more` : weights.join(', ');
}

/** The files of a group that a folder lacks. */
export async function missingFiles(
  folder: string,
  group: WeightGroup,
  exists: (path: string) => Promise<boolean>,
): Promise<string[]> {
  const found = await Promise.all(group.paths.map((path) => exists(join(folder, path))));
  return group.paths.filter((_, at) => !found[at]);
}

/**
 * The bytes of a group, its files one after the other; a file too short or too long is an error that names it. They are measured
 * before any is read: a model.json may claim more numbers than there is memory.
 */
export async function readGroup(folder: string, group: WeightGroup): Promise<Buffer> {
  const sizes = await Promise.all(group.paths.map((path) => sizeOf(join(folder, path))));
  const found = sizes.reduce((sum, size) => sum + size, 0);
  const expected = group.weights.reduce((sum, weight) => sum + bytesOf(weight, folder), 0);
  if (found !== expected) {
    throw new UserError({
      where: group.paths.map((path) => join(folder, path)).join(', '),
      what: `the weight file is ${found < expected ? 'cut short' : 'too long'}; it holds ${describeGroup(group)}`,
      expected: `${expected} bytes`,
      found: `${found} bytes`,
      mend: 'fetch or convert it again',
    });
  }
  return Buffer.concat(await Promise.all(group.paths.map((path) => readFile(join(folder, path)))));
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where: path,
      what: `the weight file cannot be read (${error.code})`,
      mend: 'fetch or convert it again',
    });
  });
  if (!found.isFile()) throw new UserError({ where: path, what: 'the weight file is no file', expected: 'a file of weights' });
  return found.size;
}
