import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { silent } from '../../../src/progress.js';
import { ensureNative, isComplete, isLibraryLaid } from '../../../src/runtime/native/install.js';
import { fakeSteps, stepsOf } from './fake-steps.js';
import { fakePlatform, zip } from './fake-wheel.js';

let home: string;
let folder: string;
let log: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ft-native-'));
  folder = join(home, 'native', 'here');
  log = join(home, 'log');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function inProcess(hangs?: string): ChildProcess {
  const script = fileURLToPath(new URL('setup-process.ts', import.meta.url));
  const args = ['--import', 'tsx', script, folder, log, ...(hangs === undefined ? [] : [hangs])];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** All that lies beside the folder, hidden or not. */
const around = () => readdirSync(join(home, 'native')).sort();

describe('setting TensorFlow up', () => {
  it('leaves the two libraries, the two addons and the marker, and neither wheel nor header files', async () => {
    expect(await ensureNative(silent, fakeSteps(folder, log))).toBe(folder);
    expect(readdirSync(folder).sort()).toEqual([
      'complete.json',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
      'preload.node',
      'tfjs_binding.node',
    ]);
    expect(readFileSync(join(folder, 'libtensorflow_cc.so.2'), 'utf8')).toBe('the large library');
    expect(around()).toEqual(['here']);
    expect(stepsOf(log)).toEqual(['download', 'compile', 'check']);
  });

  it('does nothing, at once, where it has been done', async () => {
    await ensureNative(silent, fakeSteps(folder, log));
    const start = process.cpuUsage();
    await ensureNative(silent, fakeSteps(folder, log));
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(1e6);
    expect(stepsOf(log)).toHaveLength(3);
  });

  it('does it again when a file is missing, has another size, or was made from another wheel', async () => {
    const { platform } = fakeSteps(folder, log);
    await ensureNative(silent, fakeSteps(folder, log));
    truncateSync(join(folder, 'libtensorflow_cc.so.2'), 3);
    expect(await isComplete(folder, platform)).toBe(false);
    await ensureNative(silent, fakeSteps(folder, log));
    expect(await isComplete(folder, platform)).toBe(true);
    expect(await isComplete(folder, { ...platform, sha256: '0'.repeat(64) })).toBe(false);
    rmSync(join(folder, 'preload.node'));
    expect(await isComplete(folder, platform)).toBe(false);
  });

  describe('where its own addons alone have changed', () => {
    const ends = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'tfjs_binding.node'];
    const kept = () => ends.map((name) => statSync(join(folder, name))).map(({ ino, mtimeMs }) => [ino, mtimeMs]);
    const addon = () => readFileSync(join(folder, 'preload.node'), 'utf8');
    let before: number[][];
    beforeEach(async () => {
      await ensureNative(silent, fakeSteps(folder, log));
      before = kept();
      const marker = JSON.parse(readFileSync(join(folder, 'complete.json'), 'utf8'));
      writeFileSync(join(folder, 'complete.json'), JSON.stringify({ ...marker, sourcesSha256: '0'.repeat(64) }));
      writeFileSync(log, '');
    });

    it('compiles them, and leaves the library and the binding as they lie', async () => {
      expect(await isComplete(folder, fakePlatform())).toBe(false);
      expect(await isLibraryLaid(folder, fakePlatform())).toBe(true);
      await ensureNative(silent, fakeSteps(folder, log));
      expect(stepsOf(log)).toEqual(['addons', 'check']);
      expect([kept(), addon()]).toEqual([before, 'the small addon, of another source']);
      expect(await isComplete(folder, fakePlatform())).toBe(true);
      expect(around()).toEqual(['here']);
      await ensureNative(silent, fakeSteps(folder, log));
      expect(stepsOf(log)).toHaveLength(2);
    });

    it.each(['addons', 'check'] as const)('mends what was killed in the step %s', async (step) => {
      const child = inProcess(step);
      await once(child.stdout as NodeJS.ReadableStream, 'data').then(() => expect.poll(() => stepsOf(log)).toContain(step));
      child.kill('SIGKILL');
      await once(child, 'close');
      expect(await isComplete(folder, fakePlatform())).toBe(false);
      writeFileSync(log, '');
      await ensureNative(silent, fakeSteps(folder, log));
      expect(stepsOf(log)).toEqual(['addons', 'check']);
      expect([kept(), addon()]).toEqual([before, 'the small addon, of another source']);
      expect(await isComplete(folder, fakePlatform())).toBe(true);
      expect(around()).toEqual(['here']);
    });

    it('lays all anew where the library has changed too', async () => {
      truncateSync(join(folder, 'libtensorflow_cc.so.2'), 3);
      await ensureNative(silent, fakeSteps(folder, log));
      expect(stepsOf(log)).toEqual(['download', 'compile', 'check']);
    });
  });

  it('takes the place of a folder that was made by hand', async () => {
    await ensureNative(silent, fakeSteps(folder, log));
    rmSync(join(folder, 'complete.json'));
    writeFileSync(join(folder, 'stray'), '');
    await ensureNative(silent, fakeSteps(folder, log));
    expect(readdirSync(folder)).not.toContain('stray');
  });

  it('refuses a wheel with another SHA-256, and keeps nothing of it', async () => {
    const steps = { ...fakeSteps(folder, log), platform: { ...fakePlatform(), sha256: 'f'.repeat(64) } };
    await expect(ensureNative(silent, steps)).rejects.toThrow(
      /not the one that was pinned[^]*expected: SHA-256 f{64}\n {2}found: {4}SHA-256/,
    );
    expect(around()).toEqual(['.here.wheel']);
    expect(readdirSync(join(home, 'native', '.here.wheel'))).toEqual([]);
    expect(stepsOf(log)).toEqual(['download']);
  });

  it('refuses a wheel that lacks a library', async () => {
    const wheel = zip({ 'tensorflow/libtensorflow_cc.so.2': 'alone' });
    const steps = { ...fakeSteps(folder, log), platform: fakePlatform(wheel) };
    steps.download = async (platform, temporary) => {
      writeFileSync(join(temporary, platform.wheel), wheel);
      return join(temporary, platform.wheel);
    };
    await expect(ensureNative(silent, steps)).rejects.toThrow(/lacks a library[^]*expected: libtensorflow_framework\.so\.2/);
    expect(around()).toEqual(['.here.wheel']);
  });

  it('keeps the wheel when compiling fails, so that the next call does not download again', async () => {
    const failing = fakeSteps(folder, log, (step) => {
      if (step === 'compile') throw new UserError({ what: 'no compiler' });
    });
    await expect(ensureNative(silent, failing)).rejects.toThrow('no compiler');
    expect(around()).toEqual(['.here.wheel']);
    await ensureNative(silent, fakeSteps(folder, log));
    expect(stepsOf(log)).toEqual(['download', 'compile', 'compile', 'check']);
    expect(around()).toEqual(['here']);
  });

  it('refuses a binding that loads another TensorFlow', async () => {
    const steps = { ...fakeSteps(folder, log), check: async () => '2.9.1' };
    await expect(ensureNative(silent, steps)).rejects.toThrow(/another TensorFlow[^]*found: {4}2\.9\.1/);
    expect(around()).toEqual(['.here.wheel']);
  });

  it('says how much room is missing before anything is downloaded', async () => {
    const steps = { ...fakeSteps(folder, log), platform: { ...fakePlatform(), libraryBytes: 1e18 } };
    await expect(ensureNative(silent, steps)).rejects.toThrow(/too little room on the disk[^]*expected: 1000000000\.1 GB free/);
    expect(stepsOf(log)).toEqual([]);
  });
});

describe('set-ups in processes of their own', () => {
  it('take turns: one does the work, the others wait for it and find it done', async () => {
    const texts: string[] = [];
    const ends = [1, 2, 3].map(async () => {
      const child = inProcess();
      child.stdout?.on('data', (text) => texts.push(String(text)));
      return (await once(child, 'close'))[0];
    });
    expect(await Promise.all(ends)).toEqual([0, 0, 0]);
    expect(stepsOf(log)).toEqual(['download', 'compile', 'check']);
    expect(texts.join('').match(/waiting for it/g)).toHaveLength(2);
    expect(around()).toEqual(['here']);
  });

  it.each(['download', 'compile', 'check'])('leave nothing half when they are killed in the step %s', async (step) => {
    const child = inProcess(step);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(around()).not.toContain('here');
    const before = stepsOf(log).length;
    await ensureNative(silent, fakeSteps(folder, log));
    const wheelLay = step !== 'download';
    expect(stepsOf(log).slice(before)).toEqual(wheelLay ? ['compile', 'check'] : ['download', 'compile', 'check']);
    expect(await isComplete(folder, fakePlatform())).toBe(true);
    expect(around()).toEqual(['here']);
  });
});
