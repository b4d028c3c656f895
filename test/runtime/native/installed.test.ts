import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isComplete } from '../../../src/runtime/native/install.js';
import { nativeFolder, preloadFile } from '../../../src/runtime/native/location.js';
import { platformOf, thisMachine } from '../../../src/runtime/native/platforms.js';
import { loadInChild } from '../../../src/runtime/native/probe.js';

const SCRIPT = fileURLToPath(new URL('quiet-process.ts', import.meta.url));

function run(env: Record<string, string> = {}) {
  return spawnSync(process.execPath, ['--import', 'tsx', SCRIPT], { encoding: 'utf8', env: { ...process.env, ...env } });
}

const EVERY_LINE = 'main 1,2,3,4 7,10,15,22\ntold\nworker 1,2,3,4 7,10,15,22\ntold\n';

describe.skipIf(!existsSync(preloadFile()))('TensorFlow as `make setup` leaves it (skipped before that)', () => {
  it('is complete and loads', async () => {
    expect(await isComplete(nativeFolder(), platformOf(thisMachine()))).toBe(true);
    expect(await loadInChild(nativeFolder())).toBe('2.21.0');
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
