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

/** The folder of the shared cache that holds the libraries and what was compiled, for this machine and this tfjs. */
export function nativeFolder(): string {
  const tfjs = tfjsPackage().version;
  return cacheFolder('native', `tensorflow-${TENSORFLOW_VERSION}-tfjs-${tfjs}-${process.platform}-${process.arch}`);
}

/** The compiled binding. */
export function bindingFile(folder = nativeFolder()): string {
  return join(folder, 'tfjs_binding.node');
}

/** The addon that is loaded before the binding. */
export function preloadFile(folder = nativeFolder()): string {
  return join(folder, 'preload.node');
}

/** Written last: what the folder was built from, and the size of each file in it. */
export function markerFile(folder = nativeFolder()): string {
  return join(folder, 'complete.json');
}
