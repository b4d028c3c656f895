import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../folders.js';

const require = createRequire(import.meta.url);

/** The TensorFlow release whose library the binding is compiled against. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The folder of the npm package whose C++ source is compiled, and its version. */
export function tfjsPackage(): { folder: string; version: string } {
  const manifest = '@tensorflow/tfjs-node-gpu/package.json';
  return { folder: dirname(require.resolve(manifest)), version: (require(manifest) as { version: string }).version };
}

/** The header files of Node's C interface, as the npm package `node-api-headers` ships them. */
export function nodeHeadersFolder(): string {
  return join(dirname(require.resolve('node-api-headers/package.json')), 'include');
}

/** The source of the addon that is loaded before the binding: it sets the allocator and silences the log. */
export function preloadSource(): string {
  return fileURLToPath(new URL('preload.cc', import.meta.url));
}

/** What a runtime computes on: the processor alone, or NVIDIA's cards too. */
export type Device = 'cpu' | 'gpu';

/**
 * The folder of the shared cache that holds TensorFlow's libraries and what was compiled, for this machine and this tfjs. Both
 * runtimes may lie side by side.
 */
export function runtimeFolder(device: Device): string {
  const tfjs = tfjsPackage().version;
  const name = `tensorflow-${TENSORFLOW_VERSION}-tfjs-${tfjs}-${process.platform}-${process.arch}`;
  // The one for cards looks for NVIDIA's libraries in `../nvidia`.
  return device === 'cpu' ? cacheFolder('native', name) : cacheFolder('native', `${name}-gpu`, 'tensorflow');
}

/** Where NVIDIA's libraries lie, for the runtime that computes on cards. */
export function cudaFolder(): string {
  return join(dirname(runtimeFolder('gpu')), 'nvidia');
}

/** The compiled binding. */
export function bindingFile(folder: string): string {
  return join(folder, 'tfjs_binding.node');
}

/** The addon that is loaded before the binding. */
export function preloadFile(folder: string): string {
  return join(folder, 'preload.node');
}

/** The source of the addon that says which of NVIDIA's libraries TensorFlow opens. */
export function cudaAddonSource(): string {
  return fileURLToPath(new URL('cuda.cc', import.meta.url));
}

export function cudaAddonFile(folder: string): string {
  return join(folder, 'cuda.node');
}
