/**
 * The single import of TensorFlow's binding. Everything else takes `tf`, `backend()` and `binding()` from here.
 * TensorFlow reads its settings when the library is loaded, so they are set before the import below.
 */
import { existsSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import nodeUtil from 'node:util';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import { UserError } from '../errors.js';
import { chooseRuntime, type Runtime } from './native/device.js';
import { bindingFile, cudaFolder, preloadFile } from './native/location.js';

const require = createRequire(import.meta.url);

// On a GPU, take memory as it is needed: the card is shared with the person's screen.
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
// TensorFlow takes oneDNN's kernels by itself on the newest processors alone. Without them convolutions take nearly twice as long on
// one with AVX2, and there is no gradient of a dilated one.
process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';

// tfjs-node 4.22 still calls these; Node 22 warns of them on stderr and Node 23 took them away.
const legacy = nodeUtil as unknown as Record<string, unknown>;
legacy.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
legacy.isArray = Array.isArray;

/** The addon `native/preload.cc`, which says what its functions are for. */
interface Preload {
  cpus?(devices: number): void;
  keep?(file: string): void;
  release?(): void;
}

function load({ asked, device, folder, hidesCards }: Runtime): typeof Tfjs {
  const file = bindingFile(folder);
  if (!existsSync(file)) {
    const mend = asked === 'auto' ? 'make setup' : `FT_DEVICE=${asked} make setup`;
    throw new UserError({ what: 'TensorFlow is not set up on this machine', where: file, mend });
  }
  if (hidesCards) process.env.CUDA_VISIBLE_DEVICES = '-1';
  // Where XLA finds the compiler for cards, and NVIDIA's library of mathematical functions.
  if (device === 'gpu') process.env.XLA_FLAGS ??= `--xla_gpu_cuda_data_dir=${join(cudaFolder(), 'cuda_nvcc')}`;
  // Loaded first: it sets the allocator before TensorFlow asks for memory, and without it TensorFlow's log (which CPU features the
  // library was built for, CUDA not found) lands on stderr.
  const preload = existsSync(preloadFile(folder)) ? (require(preloadFile(folder)) as Preload) : {};
  // tfjs-node asks node-pre-gyp where its binding lies; ours lies in the cache that clones share. The stand-in takes that
  // module's place in the cache of modules, so the real one (and what it imports) is never loaded.
  const nodePreGyp = createRequire(require.resolve('@tensorflow/tfjs-node-gpu')).resolve('@mapbox/node-pre-gyp');
  const standIn = new Module(nodePreGyp);
  standIn.exports = { find: () => file };
  standIn.loaded = true;
  require.cache[nodePreGyp] = standIn;
  const tfjs = require('@tensorflow/tfjs-node-gpu') as typeof Tfjs;
  preload.keep?.(file);
  cpus = preload.cpus;
  preload.release?.();
  return tfjs;
}

let cpus: Preload['cpus'];

/**
 * Lets every session that is made from now on take the processor for so many devices: what is spread over several cards can so be run
 * without any. It is of no use otherwise, for they share the same cores. False where the runtime cannot.
 */
export function divideProcessor(devices: number): boolean {
  cpus?.(devices);
  return cpus !== undefined;
}

const runtime = chooseRuntime();

export const tf: typeof Tfjs = load(runtime);

/** What is computed on. */
export const onCard: boolean = (tf.backend() as unknown as NodeBackend).isUsingGpuDevice;

if (runtime.asked === 'gpu' && !onCard) {
  throw new UserError({
    what: 'TensorFlow found no NVIDIA card that it can use',
    expected: 'one, since FT_DEVICE or the recipe asks for it',
    mend: 'ft doctor   (it says why), or compute on the processor: FT_DEVICE=auto',
  });
}

/** Where it is not the obvious one, what is computed on, in words; else null. */
export function deviceInWords(): string | null {
  if (onCard) return 'computing on the NVIDIA card';
  if (runtime.device === 'cpu') return null;
  return runtime.hidesCards
    ? 'computing on the processor, as FT_DEVICE=cpu has it'
    : 'computing on the processor: TensorFlow found no NVIDIA card that it can use (ft doctor says why)';
}

/** One attribute of a TensorFlow operation, as the binding takes it. */
export interface OpAttribute {
  name: string;
  type: number;
  value: unknown;
}

/** What the native side says of a tensor it made. */
export interface TensorMetadata {
  id: number;
  dtype: number;
  shape: number[];
}

/** The N-API functions and constants of the binding that we use. */
export interface Binding extends Record<string, unknown> {
  createTensor(shape: readonly number[], dtype: number, values: unknown): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | string[];
  executeOp(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[];
  TF_Version: string;
  TF_FLOAT: number;
  TF_INT32: number;
  TF_BOOL: number;
  TF_INT64: number;
  TF_STRING: number;
  TF_UINT8: number;
  TF_ATTR_STRING: number;
  TF_ATTR_INT: number;
  TF_ATTR_FLOAT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  TF_ATTR_SHAPE: number;
}

/** What the node backend keeps of a tensor. `id` is negative while the values have not reached the native side. */
export interface TensorRecord {
  shape: number[];
  dtype: number;
  id: number;
  values: unknown;
  refCount: number;
}

/** The node backend: tfjs's own class, with the members that its typings hide. */
export interface NodeBackend {
  binding: Binding;
  tensorMap: { get(id: object): TensorRecord; set(id: object, record: TensorRecord): void; has(id: object): boolean };
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: readonly Tfjs.TensorInfo[]): Tfjs.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: readonly Tfjs.TensorInfo[],
    outputs: number,
  ): Tfjs.Tensor[];
  getInputTensorIds(tensors: readonly Tfjs.TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tfjs.Tensor;
  readSync(id: object): Float32Array | Int32Array | Uint8Array | string[];
}

export function backend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

export function binding(): Binding {
  return backend().binding;
}

export type {
  DataType,
  Rank,
  Scalar,
  Tensor,
  Tensor1D,
  Tensor2D,
  Tensor3D,
  Tensor4D,
  TensorInfo,
} from '@tensorflow/tfjs-node-gpu';
