import { open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import type { Network, Preprocessing } from '../network/network.js';
import { bytesOfFile, takeBytes } from './byte-source.js';
import { parsedJson } from './json-text.js';
import { readKerasFile } from './keras/file.js';
import { readKerasNetwork } from './keras/network.js';
import type { NamedTensor, NamedTensors } from './named-tensor.js';
import { readOnnxFile } from './onnx/network.js';
import { readPytorch, stateDict } from './pytorch/file.js';
import { tensorValues } from './pytorch/tensor.js';
import { readSafetensors } from './safetensors.js';
import { readCheckpoint } from './tensorflow/checkpoint.js';
import { readSavedModel } from './tensorflow/saved-model.js';
import { readTfjsGraph } from './tensorflow/tfjs-graph.js';
import { readTfjsLayers } from './tfjs/layers.js';
import { isGraphModel, readModelJson } from './tfjs/manifest.js';

/** The side that most networks were trained at: what a graph is taken for that does not say its own. */
const SIDE = 224;

/** What is told to a reader of a graph; the file itself says the rest. */
export interface GraphOptions {
  readonly name: string;
  /** What makes the graph's input of RGB bytes, where it does not do that itself. */
  readonly preprocessing: Preprocessing;
}

/** How a table of LevelDB ends, which the index of a TensorFlow checkpoint is. */
const SSTABLE = 0xdb4775248b80fb57n;

/** A file or folder of weights, its format told by its content. */
export interface OpenedWeights {
  /** In words: `PyTorch (zip)`. */
  readonly format: string;
  /** The weights by the file's own names; null where it is a graph whose weights have none that others would know. */
  readonly tensors: NamedTensors | null;
  /** The network that the file itself describes; null where it holds weights alone. */
  readonly network: ((options: GraphOptions) => Promise<Network>) | null;
}

/**
 * Opens weights of any format: tfjs layers or graph model, Keras (.h5, .weights.h5, .keras), PyTorch, safetensors (sharded too), ONNX,
 * TensorFlow SavedModel and checkpoint. Its name does not matter.
 * @throws UserError where it is none of them, or broken
 */
export async function openWeights(path: string): Promise<OpenedWeights> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UserError({ where: path, what: 'there is no such file or folder' });
  return found.isDirectory() ? openFolder(path) : openFile(path);
}

/** The tensors of a file of weights. @throws UserError where it is a graph without names for them */
export async function openTensors(path: string): Promise<NamedTensors> {
  const { tensors, format } = await openWeights(path);
  if (tensors !== null) return tensors;
  throw new UserError({
    where: path,
    what: `a ${format} has no names for its weights that others know`,
    expected: 'a file of weights',
  });
}

async function openFolder(folder: string): Promise<OpenedWeights> {
  const has = (file: string) =>
    stat(join(folder, file)).then(
      () => true,
      () => false,
    );
  if (await has('model.json')) return openTfjs(folder);
  if (await has('saved_model.pb'))
    return {
      format: 'TensorFlow SavedModel',
      tensors: null,
      network: (options) => readSavedModel(folder, { ...options, usualSide: SIDE }),
    };
  if (await has('model.safetensors.index.json')) return openShards(join(folder, 'model.safetensors.index.json'));
  throw new UserError({
    where: folder,
    what: 'no weights are in this folder that ft reads',
    expected: 'model.json (tfjs), saved_model.pb (TensorFlow) or model.safetensors.index.json',
    mend: 'name the file itself where it is a single one',
  });
}

async function openFile(path: string): Promise<OpenedWeights> {
  const where = basename(path);
  const { start, end, size } = await edges(path);
  const text = start.toString('latin1');
  // Asked first: its length stands in front, whose lowest bytes may read `PK`, or as a pickle's first byte. As a length, theirs is too long.
  if (size >= 10 && start.readBigUInt64LE(0) < BigInt(size) && text[8] === '{')
    return { format: 'safetensors', tensors: await readSafetensors(path), network: null };
  if (text.startsWith('PK')) return openZip(path);
  if (text.startsWith('\x89HDF')) return openKeras(path);
  if (end.readBigUInt64LE() === SSTABLE)
    return { format: 'TensorFlow checkpoint', tensors: await readCheckpoint(path.replace(/\.index$/, '')), network: null };
  if (start[0] === 0x80) return openPytorch(path, 'PyTorch (legacy)');
  if (/^\s*\{/.test(text)) return openJson(path);
  // The first field of ONNX' message, the version of its format.
  if (start[0] === 0x08)
    return { format: 'ONNX', tensors: null, network: (options) => readOnnxFile(path, { ...options, guessed: true }) };
  throw new UserError({
    where,
    what: 'this is no file of weights that ft reads',
    expected:
      'PyTorch, safetensors, Keras (.h5, .weights.h5, .keras), ONNX, tfjs (model.json), TensorFlow (the folder of a SavedModel, the .index of a checkpoint)',
  });
}

async function edges(path: string): Promise<{ start: Buffer; end: Buffer; size: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const [start, end] = [Buffer.alloc(16), Buffer.alloc(8)];
    await file.read(start, 0, 16, 0);
    await file.read(end, 0, 8, Math.max(0, size - 8));
    return { start, end, size };
  } finally {
    await file.close();
  }
}

async function openZip(path: string): Promise<OpenedWeights> {
  // The names of a zip's members stand at its end as well.
  const bytes = bytesOfFile(path);
  const from = Math.max(0, bytes.size - (1 << 20));
  const names = takeBytes(bytes, from, bytes.size - from).toString('latin1');
  return names.includes('model.weights.h5') ? openKeras(path) : openPytorch(path, 'PyTorch (zip)');
}

async function openPytorch(path: string, format: string): Promise<OpenedWeights> {
  const where = basename(path);
  const tensors = stateDict(await readPytorch(bytesOfFile(path, where), where), where);
  const named = [...tensors].map(([name, tensor]): [string, NamedTensor] => [
    name,
    { shape: tensor.shape, values: (scratch) => tensorValues(tensor, scratch) },
  ]);
  return { format, tensors: new Map(named), network: null };
}

async function openKeras(path: string): Promise<OpenedWeights> {
  const where = basename(path);
  const file = await readKerasFile(path, where);
  const format = { h5: 'Keras (.h5)', 'weights.h5': 'Keras 3 (.weights.h5)', keras: 'Keras 3 (.keras)' }[file.format];
  // A model that scales its input itself says so; what it is given are bytes then.
  const network = async ({ name }: GraphOptions) => readKerasNetwork(file, { name, side: SIDE }, where);
  return { format, tensors: file.tensors, network: file.config === undefined ? null : network };
}

async function openJson(path: string): Promise<OpenedWeights> {
  const json = parsedJson(await readFile(path, 'utf8'), path) as { weight_map?: unknown; modelTopology?: unknown } | null;
  if (json?.weight_map !== undefined) return openShards(path);
  if (json?.modelTopology !== undefined) return openTfjs(dirname(path));
  throw new UserError({
    where: path,
    what: 'this JSON describes no weights',
    expected: 'a model.json of tfjs, or an index of safetensors',
  });
}

async function openShards(index: string): Promise<OpenedWeights> {
  return { format: 'safetensors (sharded)', tensors: await readSafetensors(index), network: null };
}

async function openTfjs(folder: string): Promise<OpenedWeights> {
  if (isGraphModel(await readModelJson(folder)))
    return {
      format: 'tfjs graph model',
      tensors: null,
      network: (options) => readTfjsGraph(folder, { ...options, usualSide: SIDE }),
    };
  return {
    format: 'tfjs layers model',
    tensors: null,
    network: (options) => readTfjsLayers(folder, { side: SIDE, ...options }),
  };
}
