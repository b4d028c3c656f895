import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { differences } from './near.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAME = 'semi-hard-tf';

describe('the golden of the TensorFlow libraries', () => {
  it('is what TensorFlow Addons and tensorflow-similarity compute', () => {
    const python = execFileSync('sh', ['test/bench/venv.sh', 'test/golden/tensorflow/requirements.txt'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim();
    const folder = mkdtempSync(join(tmpdir(), 'ft-golden-'));
    try {
      const script = join(folder, `${NAME}.py`);
      copyFileSync(join(ROOT, `test/golden/tensorflow/${NAME}.py`), script);
      execFileSync(python, [script], { cwd: folder, stdio: 'ignore', env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } });
      const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
      const committed = read(join(ROOT, `test/golden/tensorflow/${NAME}.json`));
      expect(differences(committed, read(join(folder, `${NAME}.json`)), { relative: 1e-3, absolute: 1e-5 })).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 900_000);
});
