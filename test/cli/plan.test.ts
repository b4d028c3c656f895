import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.js';
import type { PhasePlan } from '../../src/transfer/plan.js';
import { folderWith } from '../recipe/files.js';
import { smallNetwork } from '../transfer/small-network.js';
import { ft, smallVerbs } from './terminal.js';

const recipe = `data: { side: 32, classes: 24, validation: 0.25 }
head: { dimensions: 4 }
classification: { rate: 1e-3, freeze: { until: conv1 }, decay: 0.5 }
triplet: { rate: 2e-3, newLayers: 1, freeze: { until: conv2 }, batchNorm: train }
`;

describe('ft plan', () => {
  it('shows each layer, its rate in each phase, and totals', async () => {
    const { code, out, err } = await ft(['plan'], { folder: folderWith({ 'ft.yaml': recipe }), verbs: smallVerbs });
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`ft: small at 32 px; classification, then triplet

layer        stage   output  params  classification  triplet  decay  BatchNorm
───────────  ─────  ───────  ──────  ──────────────  ───────  ─────  ────────────
conv1        conv1  16×16×4     112          frozen   frozen
conv2_a      conv2    8×8×6      24            5e-4   frozen   5e-4
conv2_a_bn   conv2    8×8×6      24            5e-4   frozen      0  frozen
conv3_dw     conv3    4×4×6      54            1e-3     2e-3   5e-4
conv3_dw_bn  conv3    4×4×6      24            1e-3     2e-3      0  frozen/train
conv3_proj   conv3    4×4×8      48            1e-3     2e-3   5e-4
conv3_b      conv3    4×4×8      48            1e-3     2e-3   5e-4
head         head         9      81            1e-2            5e-4
head         head         4      36                     2e-3   5e-4

phase           rate  trained  frozen  statistics  in all
──────────────  ────  ───────  ──────  ──────────  ──────
classification  1e-3      279     112          24     415
triplet         2e-3      198     148          24     370

classification: 70 % of a step's arithmetic lies in what stands still (up to pool1); computed once for scores (8 × 8 × 4 numbers, 1.0 KiB an image), in every step for training: data.views=4 would spare it there
triplet: 80 % of a step's arithmetic lies in what stands still (up to conv2_a_relu); computed once for scores (8 × 8 × 6 numbers, 1.5 KiB an image), in every step for training: data.views=4 would spare it there

memory: about 0.5 GiB in the classification phase, 0.5 GiB in the triplet phase
`);
  });

  it.each([
    ['fed in each step (1.0 GiB are free on the card, 0.0 MiB in the machine)', [], 1, 0],
    ["in the machine's memory, of which a step carries its images' (1.0 GiB are free on the card)", [], 1, 1],
    ['on the card', [], 4, 0],
    [null, ['--set', 'engine=eager'], 4, 0],
    [null, ['--set', 'device=cpu'], 4, 0],
  ] as const)(
    'says where a card would have the maps of what stands still, as a run does: %s',
    async (where, sets, card, machine) => {
      const free = async () => ({ card: card * 2 ** 30, machine: machine * 2 ** 30 });
      const load = async (io: Io) => (await import('../../src/cli/plan.js')).planVerb(io, async () => smallNetwork(), free);
      const verbs = [{ name: 'plan', summary: '', load }];
      const folder = folderWith({ 'ft.yaml': recipe });
      const { out } = await ft(['plan', '--set', 'data.views=20', ...sets], { folder, verbs });
      // 24 classes of 4: 12 held out, 3 for validation, 9 that train. Of 36 images 20 views each, and all 96 as they are: three classes are too
      // few to look at, so those that train are too. Maps of 8 × 8 × 4 and 8 × 8 × 6 numbers.
      const lines = out.split('\n').filter((line) => line.includes('maps of the frozen part'));
      expect(lines).toEqual(
        where === null
          ? []
          : [`classification: maps of the frozen part: 0.8 MiB, ${where}`, `triplet: maps of the frozen part: 1.2 MiB, ${where}`],
      );
    },
  );

  it.each([
    [['rendered on the card', 4, []], /^(\w+: views: \d+(\.\d)? MiB of images, rendered on the card ?){2}$/],
    [
      ['rendered on the host', 1, []],
      /^(\w+: views: rendered on the host \(\d+(\.\d)? MiB of images, 1\.0 GiB free on the card\) ?){2}$/,
    ],
    [
      ['kept as maps', 4, ['--set', 'data.views=2']],
      /^(\w+: views: rendered on the host \(data\.views: 2, of which frozen maps are kept\) ?){2}$/,
    ],
  ] as const)('says where a card would render views, as a run does: %j', async ([, card, sets], said) => {
    const free = async () => ({ card: card * 2 ** 30, machine: 0 });
    const load = async (io: Io) => (await import('../../src/cli/plan.js')).planVerb(io, async () => smallNetwork(), free);
    const verbs = [{ name: 'plan', summary: '', load }];
    const { out } = await ft(['plan', ...sets], { folder: folderWith({ 'ft.yaml': recipe }), verbs });
    const lines = out.split('\n').filter((line) => line.includes(': views: '));
    expect(lines.join(' ')).toMatch(said);
  });

  it('sums up the stages, and shows layers without weights, where asked', async () => {
    const folder = folderWith({ 'ft.yaml': recipe });
    const { out } = await ft(['plan', '--stages', '--set', 'triplet.freeze={only: [conv3_dw]}'], { folder, verbs: smallVerbs });
    expect(out).toContain('conv2       2    8×8×6      48            5e-4                 2e-3');
    expect(out).toContain('conv3       4    4×4×8     174            1e-3  2e-3, 1 of 4 frozen');
    expect((await ft(['plan', '--all'], { folder, verbs: smallVerbs })).out).toMatch(/\nconv3_add +conv3 +4×4×8\n/);
  });

  it('shows from which epoch on a layer is trained where it thaws, and the totals of each part', async () => {
    const folder = folderWith({ 'ft.yaml': recipe });
    const thaw = ['--set', 'triplet.thaw=[{ epoch: 2, until: conv2_a }, { epoch: 4, until: none }]'];
    const layers = (await ft(['plan', ...thaw], { folder, verbs: smallVerbs })).out;
    expect(layers).toContain('conv1        conv1  16×16×4     112          frozen  from epoch 4: 2e-3   5e-4');
    expect(layers).toContain('conv2_a_bn   conv2    8×8×6      24            5e-4  from epoch 2: 2e-3      0  frozen/train');
    expect(layers).toContain(`
triplet         2e-3      198     148          24     370
  from epoch 2  2e-3      210     136          24     370
  from epoch 4  2e-3      346       0          24     370
`);
    const stages = (await ft(['plan', '--stages', ...thaw], { folder, verbs: smallVerbs })).out;
    expect(stages).toContain('1 of 2 from epoch 2: 2e-3, 1 of 2 from epoch 4: 2e-3');
    const json = JSON.parse((await ft(['plan', '--json', ...thaw], { folder, verbs: smallVerbs })).out);
    expect(
      json.phases[1].thaw.map(({ epoch, plan }: { epoch: number; plan: PhasePlan }) => [epoch, plan.totals.trainable]),
    ).toEqual([
      [2, 210],
      [4, 346],
    ]);
  });

  it('gives tools every variable', async () => {
    const { out } = await ft(['plan', '--json'], { folder: folderWith({ 'ft.yaml': recipe }), verbs: smallVerbs });
    const plan = JSON.parse(out) as { recipe: string; backbone: string; side: number; classes: number; phases: PhasePlan[] };
    expect(plan).toMatchObject({ recipe: 'ft', backbone: 'small', side: 32, classes: 9 });
    expect(plan.phases.map((phase) => [phase.phase, phase.totals.trainable])).toEqual([
      ['classification', 279],
      ['triplet', 198],
    ]);
    expect(plan.phases[1]?.variables.find((variable) => variable.name === 'conv3_dw_bn/mean')).toMatchObject({
      frozen: false,
      statistic: true,
      multiplier: 0,
    });
  });

  it('lists the faults of both phases at once, as keys of the recipe', async () => {
    const { code, err } = await ft(
      ['plan', '--set', 'classification.freeze.until=conv7', '--set', 'triplet.multipliers=[{match: fc, by: 2}]'],
      {
        folder: folderWith({ 'ft.yaml': recipe }),
        verbs: smallVerbs,
      },
    );
    expect(code).toBe(2);
    expect(err).toContain("classification.freeze.until: there is no stage or layer 'conv7'");
    expect(err).toContain("triplet.multipliers.0.match: there is no stage or layer 'fc'");
    expect(err).toContain('2 faults');
  });

  it('counts the classes of a folder of photos without reading one', async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const folder = folderWith({ 'ft.yaml': recipe });
    for (const name of ['cat', 'dog', 'eel', 'fox', 'gnu', '.hidden']) {
      mkdirSync(`${folder}/photos/${name}`, { recursive: true });
      writeFileSync(`${folder}/photos/${name}/1.jpg`, '');
    }
    mkdirSync(`${folder}/photos/empty`);
    const { out } = await ft(['plan', '--data', 'photos', '--json', '--set', 'data.validation=0'], { folder, verbs: smallVerbs });
    expect(JSON.parse(out)).toMatchObject({ classes: 3 });
    // A closed split trains every class; a table is counted like folders.
    for (const name of ['cat', 'dog', 'eel', 'fox', 'gnu']) writeFileSync(`${folder}/photos/${name}/2.jpg`, '');
    writeFileSync(
      `${folder}/three.csv`,
      `file,class\n${['cat', 'dog', 'eel'].flatMap((name) => [1, 2].map((i) => `photos/${name}/${i}.jpg,${name}\n`)).join('')}`,
    );
    const counts = async (data: string, ...sets: string[]) => {
      const argv = ['plan', '--data', data, '--json', ...sets.flatMap((set) => ['--set', set])];
      return JSON.parse((await ft(argv, { folder, verbs: smallVerbs })).out).classes as number;
    };
    expect(await counts('photos', 'data.split=image')).toBe(5);
    expect(await counts('three.csv', 'data.split=image')).toBe(3);
    expect(await counts('photos', 'data.heldOut=share', 'data.share=0.4', 'data.validation=0')).toBe(3);
    expect(await counts('photos', 'data.fold={of: 2, take: 1}', 'data.validation=0')).toBe(3);
    const unnamed = await ft(['plan', 'folder', '--set', 'classification.freeze.until=conv2'], { folder, verbs: smallVerbs });
    expect(unnamed.out).toContain('The classifier is as wide as there are classes: known once --data names a folder.');
  });
});
