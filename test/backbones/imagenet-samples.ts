import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeMiddle, type Middle } from '../../src/data/middle.js';

/** 1,000 photos of ImageNet with their classes, where they are on this machine. */
export const samplesPath = fileURLToPath(new URL('../../../shared/data/imagenet-samples.tar', import.meta.url));

/** The side that the weights were trained at. */
export const SIDE = 224;
const EVALUATION: Middle = { resize: 256, crop: SIDE, interpolation: 'bicubic' };

/** The 250 photos marked for checking, as the published evaluation shows them: bicubic, short side 256, the middle 224 × 224. */
export async function* imagenetSamples(batch: number): AsyncGenerator<{ pixels: Float32Array; classes: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'ft-samples-'));
  try {
    execFileSync('tar', ['-xf', samplesPath, '-C', folder]);
    const labels = execFileSync('find', [folder, '-name', 'labels.csv'], { encoding: 'utf8' }).trim();
    const images = labels.replace(/labels\.csv$/, '');
    const rows = readFileSync(labels, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(','))
      .filter(([, , , check]) => check === '1');
    const paths = new Map(
      execFileSync('find', [images, '-type', 'f'], { encoding: 'utf8', maxBuffer: 1e8 })
        .trim()
        .split('\n')
        .map((path) => [path.slice(path.lastIndexOf('/') + 1), path]),
    );
    for (let from = 0; from < rows.length; from += batch) {
      const some = rows.slice(from, from + batch);
      const pixels = new Float32Array(some.length * SIDE * SIDE * 3);
      for (const [at, [file = '']] of some.entries())
        pixels.set(await decodeMiddle(paths.get(file) as string, EVALUATION), at * SIDE * SIDE * 3);
      yield { pixels, classes: some.map(([, index]) => Number(index)) };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
