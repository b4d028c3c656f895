/** `precision: auto`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { featuresOf, flagsOfCpuinfo } from '../../src/runtime/native/machine.js';
import { ft } from '../cli/terminal.js';
import { onlyRun, setting, sharedFolder, TINY } from './runs.js';

it('is decided by a trial on this machine, and what was decided is what the run says of itself', async () => {
  const folder = sharedFolder();
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY, 'precision=auto')], { folder });
  expect(code).toBe(0);
  const { precision } = parse(readFileSync(join(onlyRun(join(folder, 'runs')), 'recipe.yaml'), 'utf8'));
  expect(err).toContain(`precision: ${precision} is `);
  const features = process.platform === 'linux' ? featuresOf(flagsOfCpuinfo(readFileSync('/proc/cpuinfo', 'utf8'))) : [];
  // A processor that multiplies tiles of bfloat16 is many times faster in it.
  if (features.includes('AMX')) expect(precision).toBe('bf16');
  expect(['fp32', 'bf16']).toContain(precision);
});
