import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/backbones/registry.js';
import { silent } from '../../src/progress.js';
import { temporaryFolder } from '../weights/temporary.js';
import { type TestWeight, writeFolder } from '../weights/tfjs-folder.js';

const golden = JSON.parse(readFileSync(new URL('../golden/keras3.json', import.meta.url), 'utf8')) as {
  topology: unknown;
  weights: TestWeight[];
};

const card = (stages: string): string => `name: mine
title: a small one
what: made for a test
source: { kind: folder, folder: . }
licence: { name: CC0, of: nobody }
parameters: 1
side: 96
published: as it is
preprocessing: { mean: [1, 2, 3], std: [4, 5, 6] }
output: sum
features: 6
stages: ${stages}
measured: []
`;

describe('a tfjs layers model of one’s own', () => {
  it('takes its stages, its input and its feature map from the card.yaml beside it', async () => {
    const folder = await temporaryFolder();
    await writeFolder(folder, golden.topology, golden.weights);
    await writeFile(
      join(folder, 'card.yaml'),
      card("{ low: [images, pad, 'stem*'], high: ['pool*', 'depthwise*', dropout, project, sum] }"),
    );
    const { network } = await loadBackbone(`tfjs:${folder}`, { progress: silent });
    expect(network.output).toBe('sum');
    expect(network.stages).toEqual(['low', 'high']);
    expect(network.layers.find((layer) => layer.name === 'project_tanh')?.stage).toBe('high');
    expect([network.side, network.preprocessing]).toEqual([96, { mean: [1, 2, 3], std: [4, 5, 6] }]);
  });

  it('is refused when its card leaves a layer without a stage', async () => {
    const folder = await temporaryFolder();
    await writeFolder(folder, golden.topology, golden.weights);
    await writeFile(
      join(folder, 'card.yaml'),
      card("{ low: [images, pad, 'stem*'], high: ['pool*', 'depthwise*', project, sum] }"),
    );
    await expect(loadBackbone(`tfjs:${folder}`, { progress: silent })).rejects.toThrow("layer 'dropout' is in no stage");
  });
});
