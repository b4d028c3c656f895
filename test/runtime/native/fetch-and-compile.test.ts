import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silent } from '../../../src/progress.js';
import { compilerOf, compileWith, sourcesSha256 } from '../../../src/runtime/native/compile.js';
import { platformOf } from '../../../src/runtime/native/platforms.js';
import { type Finished, installLine, type RunTool, runTool } from '../../../src/runtime/native/tools.js';
import { fileSha256, pipDownload } from '../../../src/runtime/native/wheel.js';
import { fakePlatform } from './fake-wheel.js';

const done = (stdout = ''): Finished => ({ code: 0, stdout, stderr: '' });
const failed = (stderr: string): Finished => ({ code: 1, stdout: '', stderr });
const mac = platformOf({ platform: 'darwin', arch: 'arm64', glibc: undefined });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ft-native-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('fetching the wheel', () => {
  it('asks pip for this project and version alone, by hash, as a wheel, for the platform', async () => {
    const calls: string[][] = [];
    const run: RunTool = async (command, args, env) => {
      calls.push([command, ...args]);
      if (args.includes('download')) {
        expect(env?.TMPDIR).toBe(folder);
        const requirements = readFileSync(args.at(-1) as string, 'utf8');
        expect(requirements).toBe(`tensorflow-cpu==2.21.0 --hash=sha256:${fakePlatform().sha256}\n`);
      }
      return done();
    };
    expect(await pipDownload(run)(fakePlatform(), folder, silent)).toBe(join(folder, 'small.whl'));
    const last = calls.at(-1)?.join(' ');
    expect(last).toContain('python3 -m pip download');
    for (const option of [
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
      '--platform manylinux_2_27_x86_64',
      '--python-version 3.11',
    ]) {
      expect(last).toContain(option);
    }
  });

  it('names python3 when it is missing, and pip when python3 has none, each with the line that installs it', async () => {
    await expect(pipDownload(async () => undefined)(fakePlatform(), folder, silent)).rejects.toThrow(
      /^python3 is not installed[^]*apt-get install -y python3 python3-pip/,
    );
    const withoutPip: RunTool = async (_, args) =>
      args[0] === '--version' ? done('Python 3.11.2') : failed('No module named pip');
    await expect(pipDownload(withoutPip)(fakePlatform(), folder, silent)).rejects.toThrow(
      /^python3 has no pip[^]*apt-get install -y python3-pip/,
    );
  });

  it('shows the end of what pip said when it fails', async () => {
    const run: RunTool = async (_, args) => (args.includes('download') ? failed('a\nb\nERROR: no such host\n') : done());
    await expect(pipDownload(run)(fakePlatform(), folder, silent)).rejects.toThrow(
      /pip could not download[^]*ERROR: no such host/,
    );
  });

  it('reports the bytes as they arrive', async () => {
    let advanced = 0;
    const advance = (count: number) => {
      advanced += count;
    };
    const bar = { advance, done() {} };
    const run: RunTool = async (_, args) => {
      if (args.includes('download')) {
        writeFileSync(join(folder, 'half'), Buffer.alloc(3_000_000));
        writeFileSync(join(folder, 'copy'), Buffer.alloc(2_000_000));
        await new Promise((resolve) => setTimeout(resolve, 600));
      }
      return done();
    };
    await pipDownload(run)(fakePlatform(), folder, { bar: () => bar, line() {} });
    expect(advanced).toBeCloseTo(3, 2);
  });

  it('hashes a file, and gives nothing for one that is not there', async () => {
    writeFileSync(join(folder, 'abc'), 'abc');
    expect(await fileSha256(join(folder, 'abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(await fileSha256(join(folder, 'nothing'))).toBeUndefined();
  });
});

describe('compiling the binding', () => {
  it('is one call for tfjs-node and one for the small addon, with libraries that lie beside them', async () => {
    const calls: string[] = [];
    const run: RunTool = async (command, args) => {
      calls.push([command, ...args].join(' '));
      return done();
    };
    await compileWith(run)(fakePlatform(), '/libraries', '/headers');
    expect(calls).toHaveLength(2);
    expect(calls[0]).toMatch(
      /^g\+\+ -std=c\+\+17 [^]*-I \/headers [^]*tfjs_backend\.cc [^]*tfjs_binding\.cc \/libraries\/libtensorflow_cc\.so\.2/,
    );
    expect(calls[0]).toContain('-Wl,-rpath,$ORIGIN');
    expect(calls[0]).toMatch(/-o \/libraries\/tfjs_binding\.node$/);
    expect(calls[1]).toContain('-DFRAMEWORK_FILE="libtensorflow_framework.so.2"');
    await compileWith(run)({ ...fakePlatform(), device: 'gpu' }, '/libraries', '/headers');
    expect(calls[4]).toMatch(/native\/cuda\.cc [^]*-o \/libraries\/cuda\.node$/);
    calls.length = 2;
    await compileWith(run)(mac, '/libraries', '/headers');
    expect(calls[2]).toMatch(/^clang\+\+ [^]*libtensorflow_cc\.2\.dylib [^]*-Wl,-rpath,@loader_path -undefined dynamic_lookup/);
  });

  it('names the compiler when it is missing, and shows what it said when it fails', async () => {
    await expect(compileWith(async () => undefined)(fakePlatform(), folder, folder)).rejects.toThrow(
      /^the C\+\+ compiler g\+\+ is not installed[^]*apt-get install -y g\+\+/,
    );
    const broken: RunTool = async () => failed("error: 'napi_env' does not name a type\n");
    await expect(compileWith(broken)(fakePlatform(), folder, folder)).rejects.toThrow(/could not compile[^]*napi_env/);
  });

  it('takes the compiler in CXX', () => {
    expect(compilerOf(mac, {})).toBe('clang++');
    expect(compilerOf(mac, { CXX: 'g++-14' })).toBe('g++-14');
  });

  it('is done anew when a source changes: their hash is steady', async () => {
    expect(await sourcesSha256(fakePlatform())).toMatch(/^[0-9a-f]{64}$/);
    expect(await sourcesSha256(fakePlatform())).toBe(await sourcesSha256(fakePlatform()));
  });
});

describe('running a program', () => {
  it('gives its exit code and what it wrote, and nothing where it is not installed', async () => {
    expect(await runTool(process.execPath, ['-e', 'console.log(1); console.error(2); process.exit(3)'])).toEqual({
      code: 3,
      stdout: '1\n',
      stderr: '2\n',
    });
    expect(await runTool('no-such-program-here', [])).toBeUndefined();
  });

  it('has an install line for each system', () => {
    expect(installLine('pip', 'linux')).toMatch(/^(sudo )?apt-get install -y python3-pip$/);
    expect(installLine('compiler', 'darwin')).toBe('xcode-select --install');
  });
});
