import { describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/backbones/registry.js';
import { streamsIo } from '../../src/cli/io.js';
import { weightsVerb } from '../../src/cli/weights.js';
import { silent } from '../../src/progress.js';

async function ft(...argv: string[]): Promise<string> {
  let text = '';
  const stdout = {
    write: (part: string) => {
      text += part;
    },
  };
  await weightsVerb(streamsIo({ stdout, stderr: { write() {} }, folder: '.' }))
    .exitOverride()
    .parseAsync(argv, { from: 'user' });
  return text;
}

describe('ft weights', () => {
  it('lists the sets of weights', async () => {
    expect(await ft('list')).toMatch(/mobilenet-v1\s+3,228,864\s+Apache-2\.0[\s\S]*resnet50-thin\s+5,889,216\s+BSD-2-Clause/);
    const listed = JSON.parse(await ft('list', '--json')) as { name: string; parameters: number }[];
    const parameters = (name: string) => listed.find((one) => one.name === name)?.parameters;
    expect([parameters('efficientnet-lite0'), parameters('resnet50-thin')]).toEqual([3_413_024, 5_889_216]);
  });

  it('shows a card, which says plainly what the weights are', async () => {
    const text = await ft('show', 'resnet50-thin');
    expect(text).toContain('not safe for');
    expect(text).toMatch(/licence\s+BSD-2-Clause/);
    expect(text).toMatch(/in ft\s+RGB, \(value − \[123, 117, 104\]\) \/ \[128, 128, 128\]/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(100);
  });

  it('shows the layers below a cut with their stages', async () => {
    await loadBackbone('resnet50-thin', { progress: silent });
    expect(await ft('show', 'resnet50-thin', '--layers', '--up-to', 'conv1_pool')).toMatch(
      /conv1\s+conv1\s+conv\s+9,472\nconv1\s+conv1_relu\s+activation\nconv1\s+conv1_pool\s+max-pool/,
    );
  });

  it('answers a name that it does not know with the nearest one', async () => {
    await expect(ft('show', 'mobilenet')).rejects.toThrow("did you mean 'mobilenet-v1'?");
    await expect(ft('pull', 'resnet51')).rejects.toThrow("unknown set of weights 'resnet51'");
  });
});
