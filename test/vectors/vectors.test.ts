import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { jsonLine, type VectorRow } from '../../src/vectors/jsonl.js';
import { npyBytes, parseNpy, readNpy, writeNpy } from '../../src/vectors/npy.js';

type Golden = { values: number[] } & Record<'small' | 'empty' | 'second' | 'fortran' | 'double' | 'vector', string>;
const golden = JSON.parse(readFileSync(new URL('../golden/npy.json', import.meta.url), 'utf8')) as Golden;
const bytes = (name: Exclude<keyof Golden, 'values'>) => new Uint8Array(Buffer.from(golden[name], 'base64'));
const values = Float32Array.from(golden.values);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ft-vectors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('.npy files', () => {
  it('are byte for byte what numpy.save writes', () => {
    expect(Buffer.from(npyBytes({ rows: 3, columns: 4, values })).toString('base64')).toBe(golden.small);
    expect(Buffer.from(npyBytes({ rows: 0, columns: 128, values: new Float32Array() })).toString('base64')).toBe(golden.empty);
  });

  it('of NumPy are read, in either version of the header, from anywhere in a buffer', () => {
    expect(parseNpy(bytes('small'), 'a.npy')).toEqual({ rows: 3, columns: 4, values });
    expect(parseNpy(bytes('second'), 'a.npy')).toEqual({ rows: 3, columns: 4, values });
    const shifted = new Uint8Array(bytes('small').length + 3);
    shifted.set(bytes('small'), 3);
    expect(parseNpy(shifted.subarray(3), 'a.npy').values).toEqual(values);
  });

  it('come back as they were written, any shape', async () => {
    const path = join(folder, 'deep', 'vectors.npy');
    const many = { rows: 1234567, columns: 1, values: new Float32Array(1234567).map((_, row) => row / 7) };
    await writeNpy(path, many);
    expect((await readNpy(path)).values.every((value, row) => value === many.values[row])).toBe(true);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['vectors.npy']);
  });

  it('of doubles, of Fortran order, of one dimension or cut short are refused with what was found', () => {
    for (const [name, found] of [
      ['double', '<f8'],
      ['fortran', "'fortran_order': True"],
      ['vector', '(4,)'],
    ] as const) {
      expect(() => parseNpy(bytes(name), 'a.npy')).toThrow(found);
    }
    expect(() => parseNpy(bytes('small').subarray(0, -1), 'a.npy')).toThrow('a.npy: the file is not whole');
    expect(() => parseNpy(Buffer.from('PK\x03\x04 and so on'), 'a.npy')).toThrow(UserError);
    expect(() => parseNpy(new Uint8Array(3), 'a.npy')).toThrow('not a .npy file');
    expect(() => npyBytes({ rows: 2, columns: 4, values })).toThrow(RangeError);
  });
});

describe('JSON lines', () => {
  it('hold file, class and vector, with numbers that are short and give back the same float32', () => {
    expect(jsonLine({ file: 'cat/1.jpg', class: 'cat', vector: Float32Array.from([0.1, -2, 1.5e-9]) })).toBe(
      '{"file":"cat/1.jpg","class":"cat","vector":[0.1,-2,1.5e-9]}\n',
    );
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const back = JSON.parse(jsonLine({ file: 'a', class: null, vector: Float32Array.from([value]) })) as VectorRow;
        expect(Math.fround(back.vector[0]!) === value).toBe(true);
      }),
    );
  });
});
