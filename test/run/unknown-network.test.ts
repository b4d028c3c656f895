import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Variable } from '../../src/network/network.js';
import { writeOnnx } from '../../src/weights/onnx/write.js';
import { ft } from '../cli/terminal.js';
import { network, type Sketch } from '../weights/sketched-network.js';
import { readJson, setting, sharedFolder, trainParts } from './runs.js';

const root = sharedFolder();
const GRAPH = fileURLToPath(new URL('../golden/tensorflow-graphs/frozen-float32', import.meta.url));

const conv = (name: string, inputs: number, outputs: number, stride: number): Sketch[] => [
  {
    name,
    kind: 'conv',
    kernel: [3, 3, inputs, outputs],
    bias: [outputs],
    strides: [stride, stride],
    dilations: [1, 1],
    padding: 'same',
  },
  { name: `${name}_elu`, kind: 'activation', activation: 'elu' },
];

/** Three resolutions with weights, and a name that no family has. */
function onnxOfNoFamily(): string {
  const made = network(
    [...conv('first', 3, 8, 2), ...conv('second', 8, 8, 1), ...conv('third', 8, 12, 2), ...conv('fourth', 12, 16, 2)],
    16,
  );
  // Kernels about zero and of unit gain, as trained ones are: the features then span their dimensions.
  const variables = [...made.variables].map(([name, one]): [string, Variable] => {
    const gain = one.role === 'kernel' ? 3.5 / Math.sqrt(9 * (one.shape[2] as number)) : 0;
    return [name, { ...one, values: one.values.map((value) => (value - 0.1) * gain) }];
  });
  const preprocessing = { mean: [120, 110, 100], std: [60, 50, 40] } as const;
  const path = join(root, 'own.onnx');
  writeFileSync(path, writeOnnx({ ...made, variables: new Map(variables), preprocessing }, { pixels: true }));
  return path;
}

const SMALL = [
  'data.classes=12',
  'data.side=32',
  'data.check=false',
  'data.validation=0.34',
  'head.dimensions=8',
  'classification.batch=8',
  'triplet.classesPerBatch=3',
  'triplet.imagesPerClass=2',
  'export.report=false',
];

describe('a network that no family knows', () => {
  it.each([
    ['ONNX', onnxOfNoFamily, ['stage1', 'stage2', 'stage3']],
    ['a tfjs graph model', () => GRAPH, ['stage1', 'stage2']],
  ] as const)('of %s is planned in stages by resolution', async (_, pathOf, stages) => {
    const until = setting('classification.freeze={until: stage1}', 'triplet.freeze={until: stage1}');
    const path = pathOf();
    const { code, out, err } = await ft([
      'plan',
      'smoke',
      '--stages',
      ...setting(`backbone.name=file:${path}`, 'data.side=32'),
      ...until,
    ]);
    expect([code, out], err).toEqual([0, expect.stringContaining(`smoke: file:${path} at 32 px`)]);
    const rows = out.split('\n').flatMap((line) => /^(stage\d+|head) +\d+ .*/.exec(line)?.[1] ?? []);
    expect([...new Set(rows)]).toEqual([...stages, 'head']);
    expect(out).toMatch(/^stage1 .*frozen +frozen/m);
    expect(out).not.toMatch(/^stage2 .*frozen +frozen/m);
  });

  it('lists the stages that there are where a recipe names those of a family', async () => {
    const { code, err } = await ft(['plan', 'resnet-semihard', ...setting(`backbone.name=file:${onnxOfNoFamily()}`)]);
    expect(code).toBe(2);
    expect(err).toContain("there is no stage or layer 'conv3'");
    expect(err).toContain('a stage (stage1, stage2, stage3, head)');
    expect(err).toContain("did you mean 'stage3'?");
  });

  it('is trained above stage2, scored and exported: what is frozen stands still byte by byte, the rest moves', async () => {
    const { path, result } = await trainParts(root, [
      ...SMALL,
      `backbone.name=file:${onnxOfNoFamily()}`,
      'classification.freeze={until: stage2}',
      'triplet.freeze={until: stage2}',
    ]);
    expect(result.rows.length).toBeGreaterThan(2);
    const frozen = readJson(path, 'manifest.json').frozen as Record<string, { tensors: number; moved: string[] }>;
    for (const phase of Object.values(frozen)) expect(phase.moved).toEqual([]);
    expect(result.checks[0]?.smallestCosine).toBeGreaterThan(0.9999);
  });
});
