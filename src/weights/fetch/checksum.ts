import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Network } from '../../network/network.js';

/** SHA-256 of bytes, in hexadecimal digits. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of a file, read as a stream. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** SHA-256 over all the variables of a network in its order: name, shape and little-endian float32 values of each. */
export function sha256OfVariables(network: Network): string {
  const hash = createHash('sha256');
  for (const { name, shape, values } of network.variables.values()) {
    hash.update(`${name} [${shape.join(',')}]\n`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}
