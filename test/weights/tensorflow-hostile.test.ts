import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readCheckpoint } from '../../src/weights/tensorflow/checkpoint.js';
import { readSavedModel } from '../../src/weights/tensorflow/saved-model.js';
import { snappyDecode } from '../../src/weights/tensorflow/snappy.js';
import { readTfjsGraph } from '../../src/weights/tensorflow/tfjs-graph.js';
import { temporaryFolder } from './temporary.js';

const FOLDER = fileURLToPath(new URL('../golden/tensorflow-graphs', import.meta.url));
const options = { name: 'small', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } as const;

async function copyOf(name: string): Promise<string> {
  const folder = await temporaryFolder();
  await cp(join(FOLDER, name), folder, { recursive: true });
  return folder;
}

describe('a broken SavedModel', () => {
  it.each(['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'])(
    'whose %s is cut short or has a bit turned is read as it was, or refused with words',
    async (name) => {
      const folder = await copyOf('keras');
      const whole = await readFile(join(folder, name));
      for (let round = 0; round < 24; round++) {
        const bytes = Buffer.from(whole);
        const at = Math.floor((whole.length * (round + 0.5)) / 24);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (round % 8));
        for (const changed of [bytes, whole.subarray(0, at)]) {
          await writeFile(join(folder, name), changed);
          const result = await readSavedModel(folder, { ...options, side: 20 }).catch((error: unknown) => error);
          if (result instanceof Error) expect(result, `${name} ${at}`).toBeInstanceOf(UserError);
        }
      }
    },
  );

  it('names the tensor that a data file is too short for', async () => {
    const folder = await copyOf('keras');
    const data = join(folder, 'variables/variables.data-00000-of-00001');
    await writeFile(data, (await readFile(data)).subarray(0, 100));
    await expect(readSavedModel(folder, options)).rejects.toThrow(/the file ends within '.*'\n {2}expected: at least \d+ bytes/);
  });
});

describe('a checkpoint', () => {
  it('lists its tensors with their shapes, without the graph of objects', async () => {
    const tensors = await readCheckpoint(join(FOLDER, 'keras/variables/variables'));
    const shapes = [...tensors.values()].map(({ shape }) => shape.join());
    expect(shapes).toContain('3,3,14,10');
    expect([...tensors.keys()].some((key) => key.includes('OBJECT_GRAPH'))).toBe(false);
    for (const { shape, values } of tensors.values())
      expect(values().length).toBe(shape.reduce((product, length) => product * length, 1));
  });

  it('unpacks snappy: literals, copies, and copies that overlap themselves', () => {
    const packed = Buffer.from([10, 2 << 2, 97, 98, 99, ((7 - 4) << 2) | 1, 3]);
    expect(snappyDecode(packed).toString()).toBe('abcabcabca');
    expect(() => snappyDecode(packed.subarray(0, 5))).toThrow('not whole');
    expect(() => snappyDecode(Buffer.from([255, 255, 255, 255, 15]))).toThrow('snappy block of');
  });
});

describe('a broken tfjs graph model', () => {
  type Json = {
    modelTopology: { node: { name: string; op: string; input?: string[] }[] };
    weightsManifest: { paths: string[]; weights: { shape: number[] }[] }[];
  };
  const changed = async (change: (json: Json) => void): Promise<string> => {
    const folder = await copyOf('frozen-float32');
    const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as Json;
    change(json);
    await writeFile(join(folder, 'model.json'), JSON.stringify(json));
    return folder;
  };

  it.each<[string, (json: Json) => void, string | RegExp]>([
    [
      'a path out of the folder',
      (json) => json.weightsManifest[0]?.paths.splice(0, 1, '../../secret'),
      "'../../secret' would lie outside",
    ],
    [
      'weights at an address that are not here',
      (json) => json.weightsManifest[0]?.paths.splice(0, 1, 'https://host/a.bin?x=1'),
      'they are not in its folder',
    ],
    ['an absurd shape', (json) => json.weightsManifest[0]?.weights[0]?.shape.splice(0, 9, 1e9, 1e9), 'cut short'],
    [
      'a cycle',
      (json) => {
        const pool = json.modelTopology.node.find(({ op }) => op === 'MaxPool');
        pool?.input?.splice(0, 1, json.modelTopology.node.find(({ op }) => op === 'ConcatV2')?.name ?? '');
      },
      'the graph has a cycle through',
    ],
    [
      'an operation that ft does not read',
      (json) => {
        const tanh = json.modelTopology.node.find(({ op }) => op === 'MaxPool');
        if (tanh) tanh.op = 'Dilation2D';
      },
      /Dilation2D '.*' is an operation that ft does not read here/,
    ],
  ])('with %s is refused with words', async (_what, change, message) => {
    const folder = await changed(change);
    const result = await readTfjsGraph(folder, options).catch((error: unknown) => error);
    expect(result).toBeInstanceOf(UserError);
    expect((result as Error).message).toMatch(message);
  });

  it('takes weights at an address from its folder by their name', async () => {
    const folder = await changed((json) =>
      json.weightsManifest[0]?.paths.splice(0, 1, 'https://host/models/group1-shard1of2.bin?x=1'),
    );
    expect((await readTfjsGraph(folder, options)).features).toBe(10);
  });
});
