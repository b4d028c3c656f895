import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chooseRuntime } from '../../../src/runtime/native/device.js';
import { isComplete } from '../../../src/runtime/native/install.js';
import { preloadFile } from '../../../src/runtime/native/location.js';
import { platformOf, thisMachine } from '../../../src/runtime/native/platforms.js';
import { loadInChild } from '../../../src/runtime/native/probe.js';
import { proveRuntime } from '../../../src/runtime/native/proof.js';

const SCRIPT = fileURLToPath(new URL('quiet-process.ts', import.meta.url));

function run(env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--import', 'tsx', SCRIPT], { encoding: 'utf8', env: { ...process.env, ...env } });
}

const { folder, device } = chooseRuntime();

const EVERY_LINE = 'main 1,2,3,4 7,10,15,22\ntold\nworker 1,2,3,4 7,10,15,22\ntold\n';

describe.skipIf(!existsSync(preloadFile(folder)))('TensorFlow as `make setup` leaves it (skipped before that)', () => {
  it('is complete and loads', async () => {
    expect(await isComplete(folder, platformOf(thisMachine(), device))).toBe(true);
    expect(await loadInChild(folder)).toBe('2.21.0');
  });

  it('computes a convolution and its gradient as plain loops do, in both precisions', async () => {
    const { off } = await proveRuntime(device);
    expect(Math.max(off.fp32.convolution, off.fp32.gradient)).toBeLessThan(1e-5);
  });

  it('computes, loads and runs a SavedModel, also in a worker, and writes nothing on stderr', () => {
    const { status, stdout, stderr } = run({ TF_CPP_MIN_LOG_LEVEL: '' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: EVERY_LINE, stderr: '' });
  });

  it('speaks again when it is asked to, and then says that oneDNN is on', () => {
    const { stdout, stderr } = run({ TF_CPP_MIN_LOG_LEVEL: '0' });
    expect(stdout).toBe(EVERY_LINE);
    expect(stderr).toContain('oneDNN custom operations are on');
  });

  it('cannot be loaded from a folder without it, and says so', async () => {
    await expect(loadInChild('/nowhere')).rejects.toThrow(/cannot be loaded on this machine[^]*Cannot find module/);
  });
});
