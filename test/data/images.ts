/** Small images made by the tests themselves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { sharp } from '../../src/data/image-library.js';

/** A folder for one test file's tests; each call gives a new one, all are removed after the test. */
export function temporaryFolders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'ft-data-'));
    made.push(folder);
    return folder;
  };
}

export function plain(colour: string, width = 24, height = 16) {
  return sharp({ create: { width, height, channels: 3, background: colour } });
}

export async function put(folder: string, file: string, bytes: Uint8Array | string): Promise<void> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

/** `images` PNGs of computed noise in each class. */
export async function putTree(folder: string, classes: readonly string[], images: number, side = 12): Promise<void> {
  for (const [number, className] of classes.entries()) {
    for (let i = 0; i < images; i++) {
      const raw = Uint8Array.from(
        { length: side * side * 3 },
        (_, p) => (p * (7 + number) + p * p * (i + 1) + 31 * number) % 256,
      );
      await put(
        folder,
        `${className}/${i}.png`,
        await sharp(raw, { raw: { width: side, height: side, channels: 3 } })
          .png()
          .toBuffer(),
      );
    }
  }
}
