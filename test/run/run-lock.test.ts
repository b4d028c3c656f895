import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { withRunLock } from '../../src/run/run-lock.js';
import { runFolder } from '../../src/train/run-folder.js';
import { sharedFolder } from './runs.js';

const path = sharedFolder();
const folder = runFolder(path);
const lock = join(path, '.lock');
const work = () => withRunLock(folder, async () => 'done');
const refusal = () => work().catch((error: unknown) => error as UserError);

describe('the lock of a run', () => {
  it('lets one in, names it to the other, and goes away with the work, however that ends', async () => {
    await withRunLock(folder, async () => {
      const refused = (await refusal()) as UserError;
      expect(refused).toBeInstanceOf(UserError);
      expect(refused.faults[0]).toMatchObject({ where: path, found: `process ${process.pid} on ${hostname()}` });
      expect(existsSync(lock)).toBe(true);
    });
    expect(readdirSync(path)).toEqual([]);
    await expect(withRunLock(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(readdirSync(path)).toEqual([]);
  });

  it('left by a process that is gone counts for nothing, and neither does half of one', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    for (const left of [JSON.stringify({ pid, host: hostname(), began: null }), '{"pid":', '']) {
      writeFileSync(lock, left);
      expect(await work()).toBe('done');
      expect(readdirSync(path)).toEqual([]);
    }
  });

  it.skipIf(process.platform !== 'linux')('is not taken for held where another process has the number now', async () => {
    writeFileSync(lock, JSON.stringify({ pid: process.pid, host: hostname(), began: '1' }));
    expect(await work()).toBe('done');
  });

  it('of another machine is left alone, and the file is named', async () => {
    const text = JSON.stringify({ pid: 1, host: 'elsewhere', began: null });
    writeFileSync(lock, text);
    const refused = (await refusal()) as UserError;
    expect(refused.message).toContain('process 1 on elsewhere');
    expect(refused.message).toContain(`remove ${lock}`);
    expect(readFileSync(lock, 'utf8')).toBe(text);
  });
});
