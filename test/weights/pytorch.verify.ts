import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readPytorch } from '../../src/weights/pytorch/file.js';
import { runPython } from '../verify/python.js';
import { type Described, matchesGolden } from './pytorch-golden.js';
import { temporaryFolder } from './temporary.js';

const GENERATOR = fileURLToPath(new URL('../golden/pytorch-pickle.py', import.meta.url));

describe('files that PyTorch writes here and now', () => {
  it.each([1, 2, 3, 4, 5])(
    'with tensors drawn by seed %i hold what PyTorch says, value by value, in every format',
    async (seed) => {
      const folder = await temporaryFolder();
      copyFileSync(GENERATOR, join(folder, 'made.py'));
      runPython('bench', ['made.py', `${seed}`], { cwd: folder });
      const { cases } = JSON.parse(readFileSync(join(folder, 'made.json'), 'utf8')) as { cases: Record<string, Described> };
      const files = readdirSync(join(folder, 'made'));
      expect(files.length).toBe(15);
      for (const file of files) {
        const value = await readPytorch(readFileSync(join(folder, 'made', file)), file);
        expect(matchesGolden(value, cases[file.split('.')[0] as string] as Described, file)).toBe(true);
      }
    },
  );
});
