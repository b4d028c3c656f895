import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/**
 * What a publisher says of its file's bytes: a SHA-256, the first digits of one (torchvision puts eight into the name of a file), or an MD5
 * (Keras' older files). Of some files nothing is said.
 */
export type Pin =
  | { readonly sha256: string }
  | { readonly sha256Starts: string }
  | { readonly md5: string }
  | { readonly unpinned: true };

export function pinInWords(pin: Pin): string {
  if ('sha256' in pin) return `SHA-256 ${pin.sha256}`;
  if ('md5' in pin) return `MD5 ${pin.md5}`;
  return 'unpinned' in pin ? 'no checksum is published' : `a SHA-256 that begins with ${pin.sha256Starts}`;
}

/** Whether a file is the one that a pin names. */
export async function matchesPin(path: string, pin: Pin): Promise<boolean> {
  if ('unpinned' in pin) return true;
  const hash = createHash('md5' in pin ? 'md5' : 'sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if ('sha256' in pin) return found === pin.sha256;
  return 'md5' in pin ? found === pin.md5 : found.startsWith(pin.sha256Starts);
}
