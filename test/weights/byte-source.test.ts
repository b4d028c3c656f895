import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytesInMemory, bytesOfFile, joinedBytes, Scratch, takeBytes } from '../../src/weights/byte-source.js';
import { openWeights } from '../../src/weights/open.js';
import { temporaryFolder } from './temporary.js';

const part = (...bytes: number[]) => bytesInMemory(Uint8Array.from(bytes));

describe('bytes that are read where they are wanted', () => {
  it('of parts one after the other are taken across their borders', () => {
    const joined = joinedBytes([part(1, 2, 3), part(), part(4), part(5, 6)]);
    expect(joined.size).toBe(6);
    expect([...takeBytes(joined, 2, 3)]).toEqual([3, 4, 5]);
    expect([...takeBytes(joined, 5, 1)]).toEqual([6]);
    expect([...takeBytes(joined, 3, 0)]).toEqual([]);
  });

  it('of a file are those that lie there, and an error once it has changed its size, or is gone', async () => {
    const path = join(await temporaryFolder(), 'weights');
    await writeFile(path, Uint8Array.of(1, 2, 3, 4));
    const file = bytesOfFile(path, 'weights');
    expect([...takeBytes(file, 1, 2)]).toEqual([2, 3]);
    expect(() => takeBytes(file, 3, 2)).toThrow('weights: the file ends while it is read\n  found:    4 bytes');
    await writeFile(path, Uint8Array.of(1));
    expect(() => takeBytes(file, 0, 1)).toThrow(
      'weights: the file changed while it was read\n  expected: 4 bytes\n  found:    1',
    );
    expect(() => bytesOfFile(join(path, 'none'), 'weights')).toThrow('weights: it cannot be read (ENOTDIR)');
    expect(() => bytesOfFile(`${path}2`, 'weights')).toThrow('weights: there is no such file');
  });

  it('are put into the same scratch memory again, as long as they fit', () => {
    const scratch = new Scratch();
    const first = takeBytes(part(1, 2, 3, 4), 0, 4, scratch);
    const second = takeBytes(part(5, 6), 0, 2, scratch);
    expect(second.buffer).toBe(first.buffer);
    expect([...first]).toEqual([5, 6, 3, 4]);
    expect(takeBytes(part(1, 2, 3, 4), 0, 4).buffer).not.toBe(first.buffer);
  });
});

describe('a safetensors file', () => {
  it('whose header is as long as the first byte of a pickle says is no file of PyTorch', async () => {
    const folder = await temporaryFolder();
    const header = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(0x80, ' ');
    const path = join(folder, 'weights');
    await writeFile(
      path,
      Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(header), Buffer.from([0, 0, 0x80, 0x3f])]),
    );
    const { format, tensors } = await openWeights(path);
    expect(format).toBe('safetensors');
    expect([...(tensors?.get('w')?.values() ?? [])]).toEqual([1]);
  });
});
