import { open } from 'node:fs/promises';
import { UserError } from '../../errors.js';
import { parsedJson } from '../json-text.js';
import type { NamedTensors } from '../named-tensor.js';
import { shown } from '../pytorch/bytes.js';
import { readArchive } from './archive.js';
import { checkpointVariables, isCheckpoint } from './checkpoint.js';
import { type Hdf5Tree, readHdf5, type Source } from './hdf5.js';
import { isLegacy, legacyVariables } from './legacy.js';
import { canonicalTensors } from './names.js';
import type { KerasVariable } from './variable.js';

/** A file that Keras wrote. */
export interface KerasFile {
  readonly format: 'h5' | 'weights.h5' | 'keras';
  /** `LAYER/VARIABLE` as canonicalTensors (names.ts) has it: what families look weights up by. */
  readonly tensors: NamedTensors;
  /** The same by the names that the file has for its layers: what its own configuration calls them. */
  readonly variables: readonly KerasVariable[];
  /** The configuration of the model, as JSON has it, where the file holds one. */
  readonly config?: unknown;
  /** The version of Keras that wrote it, where the file says so. */
  readonly version?: string;
}

const ZIP = 'PK';
const HDF5 = '\x89HDF';

/**
 * Reads a file that Keras wrote, whichever of its three formats it is by its first bytes: a legacy `.h5` (weights alone or a whole model), a
 * `.weights.h5` of Keras 3, or a `.keras` archive.
 * @param source the path of a file or its bytes
 * @param where what an error calls the file
 * @throws UserError for a file that is none of them, or is broken
 */
export async function readKerasFile(source: string | Uint8Array, where: string): Promise<KerasFile> {
  const start = await firstBytes(source, where);
  if (start.startsWith(ZIP)) return readKerasArchive(source, where);
  if (start === HDF5) return readKerasHdf5(source, where);
  throw new UserError({
    where,
    what: 'this is no file of Keras',
    expected: 'a .h5, .weights.h5 or .keras that Keras saved',
    mend: 'model.save("model.keras") writes one',
  });
}

/** A legacy `.h5` or a `.weights.h5`. */
async function readKerasHdf5(source: Source, where: string): Promise<KerasFile> {
  const tree = await readHdf5(source, where);
  const text = tree.attributes['']?.model_config;
  const version = versionOf(tree);
  const variables = variablesIn(tree, where);
  return {
    format: isLegacy(tree) ? 'h5' : 'weights.h5',
    variables,
    tensors: canonicalTensors(variables, where),
    ...(typeof text === 'string' ? { config: parsedJson(text, `${where}: model_config`) } : {}),
    ...(version === undefined ? {} : { version }),
  };
}

/** A `.keras` archive of Keras 3. */
async function readKerasArchive(source: string | Uint8Array, where: string): Promise<KerasFile> {
  const members = await readArchive(source, where);
  const [text, weights] = [members.get('config.json'), members.get('model.weights.h5')];
  if (text === undefined || weights === undefined) {
    throw new UserError({
      where,
      what: 'this zip file is no .keras archive',
      expected: 'the members config.json and model.weights.h5',
      found: [...members.keys()].join(', ') || 'neither',
    });
  }
  const config = parsedJson(text.bytes().toString('utf8'), `${where}: config.json`);
  const metadata = members.get('metadata.json');
  const version = (
    parsedJson(metadata?.bytes().toString('utf8') ?? '{}', `${where}: metadata.json`) as { keras_version?: unknown } | null
  )?.keras_version;
  const variables = variablesIn(await readHdf5(weights.source, `${where}: model.weights.h5`), where, config);
  return {
    format: 'keras',
    variables,
    tensors: canonicalTensors(variables, where),
    config,
    ...(typeof version === 'string' ? { version } : {}),
  };
}

function variablesIn(tree: Hdf5Tree, where: string, config?: unknown): KerasVariable[] {
  if (isLegacy(tree)) return legacyVariables(tree, where);
  // A model without a single weight is not worth an error of its own.
  if (isCheckpoint(tree) || tree.tensors.length === 0) return checkpointVariables(tree, config);
  throw new UserError({
    where,
    what: 'this HDF5 file holds no weights as Keras writes them',
    expected: 'the attribute layer_names (a legacy .h5), or groups layers/…/vars (a .weights.h5)',
    found: tree.tensors
      .slice(0, 5)
      .map(({ path }) => shown(path))
      .join(', '),
  });
}

function versionOf({ attributes }: Hdf5Tree): string | undefined {
  const version = attributes['']?.keras_version ?? attributes.model_weights?.keras_version;
  return typeof version === 'string' ? version : undefined;
}

async function firstBytes(source: string | Uint8Array, where: string): Promise<string> {
  if (typeof source !== 'string') return Buffer.from(source.subarray(0, 4)).toString('latin1');
  const file = await open(source).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({ where, what: error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code})` });
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } catch (error) {
    throw new UserError({ where, what: `it cannot be read (${(error as NodeJS.ErrnoException).code})` });
  } finally {
    await file.close();
  }
}
