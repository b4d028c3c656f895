import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { openWeights } from '../../src/weights/open.js';
import { temporaryFolder } from './temporary.js';
import { numbers, writeFolder } from './tfjs-folder.js';

const GOLDEN = fileURLToPath(new URL('../golden', import.meta.url));

/** Whatever a file says: its tensors with their values, or its network. */
async function readAll(path: string): Promise<void> {
  const { tensors, network } = await openWeights(path);
  if (network !== null) await network({ name: 'net', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } });
  else for (const { values } of tensors?.values() ?? []) values();
}

/** A tfjs layers model of two layers. */
async function layersModel(folder: string): Promise<void> {
  const { weights, topology } = JSON.parse(await readFile(join(GOLDEN, 'keras3.json'), 'utf8'));
  await writeFolder(folder, topology, weights);
}

/** Each format: what is copied from the goldens, which of its files are damaged, and what is opened. */
const FORMATS: readonly [
  format: string,
  from: string | ((folder: string) => Promise<void>),
  damaged: readonly string[],
  opened: string,
][] = [
  ['tfjs layers model', layersModel, ['model.json', 'group1'], '.'],
  ['tfjs graph model', 'tensorflow-graphs/frozen-uint8', ['model.json', 'group1-shard1of2.bin'], '.'],
  ['SavedModel', 'tensorflow-graphs/keras', ['saved_model.pb', 'variables/variables.index'], '.'],
  ['SavedModel of TensorFlow 1', 'tensorflow-forms/tf1', ['saved_model.pb', 'variables/variables.data-00001-of-00002'], '.'],
  ['frozen SavedModel', 'tensorflow-forms/dilated-space-to-batch-open', ['saved_model.pb'], '.'],
  ['frozen SavedModel with a layer norm', 'tensorflow-forms/layer-norm-keras2', ['saved_model.pb'], '.'],
  [
    'checkpoint of two shards',
    'tensorflow-forms/tf1/variables',
    ['variables.index', 'variables.data-00000-of-00002'],
    'variables.index',
  ],
  ...(await singles('keras-files', /^plain\.(keras|weights\.h5|h5)$/)),
  ...(await singles('pytorch-pickle', /./)),
  ...(await singles('onnx-files', /\.onnx$/)),
  ...(await singles('safetensors-files', /\.safetensors$/)),
];

async function singles(folder: string, which: RegExp): Promise<[string, string, string[], string][]> {
  const names = (await readdir(join(GOLDEN, folder))).filter((name) => which.test(name)).sort();
  // Of many files of one format the first three: they are of different kinds.
  return names.slice(0, 3).map((name) => [`${folder}/${name}`, folder, [name], name]);
}

/** A file of HDF5 is read in a thread of its own, which takes a second to start; keras-hostile.test.ts turns more of its bits. */
const roundsOf = (name: string): number => (name.endsWith('.h5') ? 4 : 16);

describe('a file cut short or with a turned bit', () => {
  it.each(FORMATS)('%s is one error in words, or is read, within seconds', async (_, from, damaged, opened) => {
    const folder = await temporaryFolder();
    if (typeof from === 'string') await cp(join(GOLDEN, from), folder, { recursive: true });
    else await from(folder);
    await readAll(join(folder, opened));
    const turns = numbers(16, 7);
    for (const name of damaged) {
      const whole = await readFile(join(folder, name));
      for (let round = 0; round < roundsOf(name); round++) {
        const at = Math.floor((0.5 + 0.5 * (turns[round] as number)) * whole.length) % whole.length;
        const flipped = Buffer.from(whole);
        flipped[at] = (flipped[at] as number) ^ (1 << (round % 8));
        for (const bytes of [flipped, whole.subarray(0, at)]) {
          await writeFile(join(folder, name), bytes);
          const began = performance.now();
          const error = await readAll(join(folder, opened)).catch((thrown: unknown) => thrown);
          const what = `${name}, byte ${at} of ${whole.length}, ${bytes === flipped ? 'turned' : 'cut'}`;
          expect(performance.now() - began, what).toBeLessThan(20_000);
          if (error === undefined) continue;
          expect(error, `${what}: ${error instanceof Error ? error.stack : error}`).toBeInstanceOf(UserError);
          expect((error as Error).message.length, what).toBeLessThan(4000);
        }
      }
      await writeFile(join(folder, name), whole);
    }
  });
});

describe('a tfjs model whose manifest', () => {
  type Manifest = { weightsManifest: { paths: string[]; weights: { name: string; shape: number[]; dtype: string }[] }[] };
  const readers: [string, (folder: string) => Promise<unknown>][] = [
    ['layers', layersModel],
    ['graph', (folder) => cp(join(GOLDEN, 'tensorflow-graphs/frozen-float32'), folder, { recursive: true })],
  ];
  const changed = async (make: (folder: string) => Promise<unknown>, change: (json: Manifest) => void): Promise<unknown> => {
    const folder = join(await temporaryFolder(), 'model');
    await mkdir(folder);
    await make(folder);
    await writeFile(join(folder, '..', 'secret'), Buffer.alloc(4096));
    const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as Manifest;
    change(json);
    await writeFile(join(folder, 'model.json'), JSON.stringify(json));
    return readAll(folder).catch((error: unknown) => error);
  };

  describe.each(readers)('of a %s model', (_, make) => {
    it.each<[string, (json: Manifest) => void, RegExp]>([
      ['leads out', (json) => json.weightsManifest[0]?.paths.splice(0, 1, '../secret'), /'\.\.\/secret' would lie outside/],
      ['leads out by a detour', (json) => json.weightsManifest[0]?.paths.splice(0, 1, 'a/../../secret'), /would lie outside/],
      ['names a place of the machine', (json) => json.weightsManifest[0]?.paths.splice(0, 1, '/etc/passwd'), /would lie outside/],
      ['names the folder itself', (json) => json.weightsManifest[0]?.paths.splice(0, 1, '.'), /weight file/],
      [
        'names one file a hundred thousand times',
        (json) => {
          const [group] = json.weightsManifest;
          if (group) group.paths = Array.from({ length: 100_000 }, () => group.paths[0] as string);
        },
        /is named twice/,
      ],
      [
        'claims 10⁹ × 10⁹ numbers',
        (json) => json.weightsManifest[0]?.weights[0]?.shape.splice(0, 9, 1e9, 1e9),
        /cut short[\s\S]*expected: +\d{13,}|cut short/,
      ],
    ])('%s is refused in words and at once', async (_name, change, message) => {
      const began = performance.now();
      const error = await changed(make, change);
      expect(error).toBeInstanceOf(UserError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message.length).toBeLessThan(4000);
      expect(performance.now() - began).toBeLessThan(5000);
    });
  });
});

describe('an index of a checkpoint', () => {
  it('that is a text, or empty, or names a data file that is not there, is refused', async () => {
    const folder = await temporaryFolder();
    await cp(join(GOLDEN, 'tensorflow-forms/tf1/variables'), folder, { recursive: true });
    const index = join(folder, 'variables.index');
    expect((await stat(index)).size).toBeGreaterThan(48);
    const bare = await temporaryFolder();
    await cp(index, join(bare, basename(index)));
    await expect(readAll(join(bare, basename(index)))).rejects.toThrow('a data file of the checkpoint is missing');
    for (const text of ['', 'model_checkpoint_path: "x"']) {
      await writeFile(index, text);
      await expect(readAll(index)).rejects.toBeInstanceOf(UserError);
    }
  });
});
