import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { networkFromFile } from '../../src/backbones/from-file.js';
import { writeSavedModel } from '../../src/export/savedmodel.js';
import type { Network } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { writeOnnx } from '../../src/weights/onnx/write.js';
import { openWeights } from '../../src/weights/open.js';
import { writeTfjsLayers } from '../../src/weights/tfjs/layers-write.js';
import { runPython } from '../verify/python.js';
import { relativeDifference } from '../weights/tfjs-folder.js';
import { COLUMNS, type Column, isFresh } from './cells.js';
import { compareWithNamed, expectSame, freezesEachResolution, freezesEachStage, givesTheSameExported } from './checks.js';
import { fills } from './fills.js';
import { formulaWeights, publishedTensors } from './published.js';
import { compareFeatures } from './reference.js';
import { type GraphFormat, isGraph, type Row, rows, variantAndLayout } from './rows.js';
import { train } from './short-training.js';

/** FT_FAMILY=resnet: the rows of these families alone. */
const wanted = rows.filter(({ family }) => new RegExp(`^(${process.env.FT_FAMILY ?? '.*'})$`).test(family.name));

const folder = mkdtempSync(join(tmpdir(), 'ft-formats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Read by names, out of memory: the network that everything else here is held to. */
function namedNetwork(key: string): Network {
  const { variant, layout } = variantAndLayout(key);
  return assemble(variant, layout, publishedTensors(variant, layout, formulaWeights(layout.order)), { where: key });
}

const isStale = ({ format, smallest: key }: Row, columns: readonly Column[]) =>
  columns.some((column) => !isFresh({ format, key, column }));

/** A file of the publisher's library, by its ending; those of VGG, 500 MB, without the classifier. */
const ENDINGS = {
  torchvision: ['pth', 'safetensors'],
  timm: ['pth', 'safetensors'],
  keras: ['h5', 'weights.h5', 'keras'],
  'efficientnet-pytorch': ['pth', 'safetensors'],
} as const;

const scientific = (value: number) => value.toExponential(1);
const hasLibrary = (format: string): format is keyof typeof ENDINGS => Object.hasOwn(ENDINGS, format);

function trained(network: Network): string {
  const { losses, proof, frozen } = train(network, network.stages[1] as string);
  expect(frozen).toBeGreaterThan(1);
  expect(proof.moved).toEqual([]);
  expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  return `${losses[0]!.toFixed(2)} → ${losses.at(-1)!.toFixed(2)}`;
}

describe.each(wanted.filter(({ format }) => !isGraph(format)))('$family.name as $format stores it', (row) => {
  const { format, smallest } = row;
  beforeAll(() => {
    if (hasLibrary(format) && isStale(row, ['file'])) runPython('backbones', ['test/backbones/write-files.py', folder, smallest]);
  });

  if (hasLibrary(format))
    fills(
      `${smallest} is the same network, bit by bit, out of each file`,
      { format, key: smallest, column: 'file' },
      async () => {
        const expected = namedNetwork(smallest);
        for (const ending of ENDINGS[format]) {
          const path = join(folder, `${smallest}.${ending}`);
          const { network } = await networkFromFile(path, { variant: expected.name, progress: silent });
          expectSame(network, expected);
        }
        return ENDINGS[format].map((ending) => `.${ending}`).join(' ');
      },
    );
  fills(`${smallest} learns a batch in 20 steps`, { format, key: smallest, column: 'train' }, () =>
    trained(namedNetwork(smallest)),
  );
});

describe.each(
  wanted.filter(({ format }) => !isGraph(format)).flatMap(({ format, keys }) => keys.map((key) => [key, format] as const)),
)('%s', (key, format) => {
  fills('is frozen stage by stage', { format, key, column: 'until' }, () => `${freezesEachStage(namedNetwork(key))}`);
  fills('gives the same features exported', { format, key, column: 'export' }, async () =>
    scientific(await givesTheSameExported(namedNetwork(key), join(folder, `${key}.export`))),
  );
});

/** Networks that Keras 2, whose layers tfjs has, cannot say (MobileNetV3's hard-swish): the description is Keras 3's. */
const KERAS_3 = new Set(['mobilenet-v3-small.tf.keras']);

const PATHS = { 'tfjs layers': 'layers', 'tfjs graph': 'tfjs', ONNX: 'onnx', SavedModel: 'savedmodel' } as const;

/**
 * Who writes the file, and at how many of the golden's sizes it is run: a writer may have made some paddings for one size. `rgb`: it was written
 * from ft's network, which has turned round a stem that took blue first.
 */
async function graphOf(
  format: GraphFormat,
  key: string,
  named: Network,
): Promise<{ writer: string; path: string; sizes: number; rgb: boolean }> {
  const keras = key.endsWith('.keras');
  const path = join(folder, `${key}.${PATHS[format]}`);
  // One call of Python writes several of them.
  const written = existsSync(path);
  switch (format) {
    case 'ONNX':
      if (keras) writeFileSync(path, writeOnnx(named));
      else if (!written) runPython('backbones', ['test/backbones/write-files.py', folder, key]);
      return { writer: keras ? 'ft' : 'PyTorch', path, sizes: key.startsWith('efficientnet-lite') ? 1 : 3, rgb: keras };
    case 'tfjs layers':
      if (KERAS_3.has(key)) {
        runPython('verify', ['test/backbones/write-graphs.py', '--layers', folder, key]);
        return { writer: 'Keras 3', path, sizes: 1, rgb: false };
      }
      await mkdir(path);
      await writeTfjsLayers(named, path);
      return { writer: 'ft', path, sizes: 3, rgb: true };
    case 'SavedModel':
    case 'tfjs graph':
      if (!keras && !written)
        await writeSavedModel({ network: named, weights: {}, head: null, side: 224 }, join(folder, `${key}.savedmodel`));
      if (!written) runPython('verify', ['test/backbones/write-graphs.py', folder, key]);
      return { writer: format === 'tfjs graph' ? 'TensorFlow' : keras ? 'Keras' : 'ft', path, sizes: 1, rgb: !keras };
  }
}

describe.each(wanted.filter(({ format }) => isGraph(format)))('$family.name as $format', (row) => {
  const { smallest: key } = row;
  const format = row.format as GraphFormat;
  let named: Network;
  let found: Network;
  let made: Awaited<ReturnType<typeof graphOf>>;
  beforeAll(async () => {
    if (!isStale(row, COLUMNS)) return;
    named = namedNetwork(key);
    made = await graphOf(format, key, named);
    // A graph takes what its writer fed it: no preprocessing but what it holds itself.
    const opened = await openWeights(made.path);
    found = await opened.network!({ name: key, preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } });
  });

  fills('is read as a network of its own', { format, key, column: 'file' }, () => {
    expect(found.features).toBe(named.features);
    // ft's own graph takes bytes, and is read as what normalises them so.
    if (made.writer === 'ft' && format === 'SavedModel')
      for (const part of ['mean', 'std'] as const)
        expect(relativeDifference(found.preprocessing[part], named.preprocessing[part])).toBeLessThan(1e-6);
    return made.writer;
  });
  fills('gives the features of the reference', { format, key, column: 'forward' }, () =>
    scientific(compareFeatures(key, found, made.sizes, made.rgb)),
  );
  fills('has the gradients', { format, key, column: 'gradient' }, () => {
    const { off, kernels, of } = compareWithNamed(key, found, named, made.rgb);
    return `${scientific(off)} ${kernels}/${of}`;
  });
  fills('is frozen stage by stage', { format, key, column: 'until' }, () => {
    const { stages, early } = freezesEachResolution(found);
    return early === 0 ? `${stages}` : `${stages} + ${early}`;
  });
  fills('learns a batch in 20 steps', { format, key, column: 'train' }, () =>
    trained({ ...found, preprocessing: named.preprocessing }),
  );
  fills('gives the same features exported', { format, key, column: 'export' }, async () =>
    scientific(
      await givesTheSameExported({ ...found, preprocessing: named.preprocessing }, join(folder, `${key}.${format}.export`)),
    ),
  );
});
