import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variantOf } from '../../src/backbones/families.js';
import { fitsOf, withoutPrefix } from '../../src/backbones/fit.js';
import { loadBackbone } from '../../src/backbones/registry.js';
import { silent } from '../../src/progress.js';
import { writeCheckpoint } from '../../src/runtime/checkpoint.js';
import type { NamedTensor } from '../../src/weights/named-tensor.js';
import { openWeights } from '../../src/weights/open.js';
import { ft } from '../cli/terminal.js';
import { sharedFolder } from '../run/runs.js';
import { formulaWeights, publishedTensors } from './published.js';

const folder = sharedFolder();

/** The weights of a network in a file, as a publisher names them. */
async function fileOf(
  name: string,
  layoutName: string,
  change: (tensors: Map<string, NamedTensor>) => Iterable<[string, NamedTensor]>,
) {
  const variant = variantOf(name, 'the test');
  const layout = variant.layouts.find((one) => one.name === layoutName)!;
  const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
  const path = join(folder, `${name}-${layoutName}-${Math.round(performance.now())}.bin`);
  const stored = [...change(tensors)].map(([key, { shape, values }]) => [key, { shape, values: values() }] as const);
  await writeCheckpoint(path, { tensors: Object.fromEntries(stored), meta: {} });
  return path;
}

describe('a file of weights of a known network', () => {
  it('is recognised by its tensors alone, whatever its name and what stands before theirs', async () => {
    const path = await fileOf('mobilenet-v2', 'timm', (all) => [...all].map(([key, one]) => [`module.model.${key}`, one]));
    const { format, tensors } = await openWeights(path);
    expect(format).toBe('safetensors');
    const [best] = fitsOf(withoutPrefix(tensors!));
    expect(best).toMatchObject({
      whole: true,
      left: 0,
      classifier: true,
      variant: { name: 'mobilenet-v2' },
      layout: { name: 'timm' },
    });
    const named = await loadBackbone('mobilenet-v2', { progress: silent, from: path });
    const found = await loadBackbone(`file:${path}`, { progress: silent });
    expect(named.sha256).toBe(found.sha256);
    const cut = await loadBackbone(`file:${path}`, { progress: silent, upTo: 'block2_add' });
    expect([cut.network.output, cut.network.features, cut.network.stages]).toEqual(['block2_add', 24, ['conv1', 'conv2']]);
  });

  it('without its classifier is whole; without a variable, or with one more, it is refused line by line', async () => {
    const head = /^classifier\./;
    const whole = await fileOf('mobilenet-v2', 'torchvision', (all) => [...all].filter(([key]) => !head.test(key)));
    expect((await loadBackbone('mobilenet-v2', { progress: silent, from: whole })).network.features).toBe(1280);
    const broken = await fileOf('mobilenet-v2', 'torchvision', (all) => {
      const tensors = new Map(all);
      const stem = tensors.get('features.0.0.weight')!;
      tensors.delete('features.0.0.weight');
      return tensors.set('features.0.0.wieght', stem);
    });
    const message = await loadBackbone('mobilenet-v2', { progress: silent, from: broken }).catch((error: Error) => error.message);
    expect(message).toContain(
      '- features.0.0.weight [32, 3, 3, 3]: the file lacks it (stem/kernel)\n  do this:  the nearest is features.0.0.wieght',
    );
    expect(message).toContain('+ features.0.0.wieght: mobilenet-v2 has no place for it');
  });

  it.each([
    ['a pickle', 0x80],
    ['a zip', 0x4b50],
  ])('is recognised where the length of its header begins as %s does', async (_, begins) => {
    const path = await fileOf('mobilenet-v1-0.25', 'keras', (all) => all);
    const bytes = readFileSync(path);
    const end = 8 + Number(bytes.readBigUInt64LE());
    const mask = begins > 0xff ? 0x10000 : 0x100;
    // Spaces behind the header, as every writer puts there.
    const spaces = (begins - ((end - 8) % mask) + mask) % mask;
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(end - 8 + spaces));
    writeFileSync(path, Buffer.concat([length, bytes.subarray(8, end), Buffer.alloc(spaces, ' '), bytes.subarray(end)]));
    expect(readFileSync(path).readUIntLE(0, begins > 0xff ? 2 : 1)).toBe(begins);
    const { format, tensors } = await openWeights(path);
    expect([format, fitsOf(tensors!)[0]?.variant.name]).toEqual(['safetensors', 'mobilenet-v1-0.25']);
  });

  it('is recognised by the older names of its publisher too', async () => {
    const path = await fileOf('densenet121', 'torchvision', (all) =>
      [...all].map(([key, one]) => [key.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2'), one]),
    );
    const { tensors } = await openWeights(path);
    expect([...tensors!.keys()]).toContain('features.denseblock1.denselayer1.norm.1.running_mean');
    const [best] = fitsOf(tensors!);
    expect(best).toMatchObject({ whole: true, variant: { name: 'densenet121' } });
    expect((await loadBackbone('densenet121', { progress: silent, from: path })).network.features).toBe(1024);
  });

  it('of another network is refused', async () => {
    const path = await fileOf('resnet18', 'torchvision', (all) => all);
    await expect(loadBackbone('googlenet', { progress: silent, from: path })).rejects.toThrow(
      'these are not the weights of googlenet',
    );
  });
});

describe('ft weights inspect', () => {
  it('names the format, the network and how it is fed', async () => {
    const path = await fileOf('vgg16', 'keras', (all) => [...all].filter(([key]) => !/^(fc|predictions)/.test(key)));
    const { code, out } = await ft(['weights', 'inspect', path]);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /safetensors\n26 tensors[\s\S]*vgg16\s+keras\s+26 of 26\s+0\s+fits[\s\S]*\[123\.68, 116\.779, 103\.939\].*blue first/,
      ),
    ]);
    const { fits } = JSON.parse((await ft(['weights', 'inspect', path, '--json'])).out) as { fits: object[] };
    expect(fits[0]).toMatchObject({ network: 'vgg16', publisher: 'keras', whole: true, classifier: false });
  });

  it('refuses what is no file of weights, and says what it could be', async () => {
    const path = join(folder, 'letter.txt');
    writeFileSync(path, 'Dear Sir or Madam, these are no weights.');
    const { code, err } = await ft(['weights', 'inspect', path]);
    expect([code, err]).toEqual([2, expect.stringContaining('letter.txt: this is no file of weights that ft reads')]);
    expect((await ft(['weights', 'inspect', join(folder, 'nothing.pth')])).err).toContain('there is no such file or folder');
  });
});

describe('ft weights convert', () => {
  it.each(['safetensors', 'tfjs', 'onnx'])('writes %s that reads back to the same variables', async (format) => {
    const path = await fileOf('resnet18', 'torchvision', (all) => all);
    const out = join(folder, `converted-${format}`);
    const { code, err } = await ft(['weights', 'convert', path, '--to', format, '--out', out]);
    expect([code, err]).toEqual([0, expect.not.stringContaining('fault')]);
    const [before, after] = await Promise.all([path, out].map((one) => loadBackbone(`file:${one}`, { progress: silent })));
    const values = (loaded: typeof before) =>
      [...loaded!.network.variables.values()].filter(({ role }) => role === 'kernel').map(({ values }) => values.subarray(0, 50));
    expect(values(after)).toEqual(values(before));
  });
});
