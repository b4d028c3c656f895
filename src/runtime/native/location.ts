import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../folders.js';

const require = createRequire(import.meta.url);

/** The TensorFlow release whose library the binding is compiled against. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The folder of the shared cache that holds the library and the compiled binding for this machine and this tfjs. */
export function nativeFolder(): string {
  const tfjs = (require('@tensorflow/tfjs-node-gpu/package.json') as { version: string }).version;
  return cacheFolder('native', `tensorflow-${TENSORFLOW_VERSION}-tfjs-${tfjs}-${process.platform}-${process.arch}`);
}

/** The compiled binding. */
export function bindingFile(): string {
  return join(nativeFolder(), 'tfjs_binding.node');
}
