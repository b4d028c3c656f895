import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../recipe/files.js';
import { ft, smallVerbs } from './terminal.js';

const text = (folder: string, file = 'ft.yaml') => readFileSync(`${folder}/${file}`, 'utf8');
const freeze = (folder: string, ...options: string[]) => ft(['freeze', ...options], { folder, verbs: smallVerbs });

describe('ft freeze', () => {
  it('makes a working recipe where there is none, and shows the plan', async () => {
    const folder = folderWith();
    const { code, out } = await freeze(folder, '--until', 'conv2');
    expect(code).toBe(0);
    expect(text(folder)).toMatch(
      /^# The working recipe[^]*\nextends: resnet-semihard\nclassification:\n {2}freeze: \{ until: conv2 \}\ntriplet:\n {2}freeze: \{ until: conv2 \}\n$/,
    );
    expect(out).toContain('ft.yaml: everything up to and including conv2 is frozen in classification and triplet');
    expect(out).toMatch(/conv2_a +conv2 +32×32×6 +24 +frozen +frozen/);
    expect(readdirSync(folder)).toEqual(['ft.yaml']);
  });

  it('keeps the comments and the order of a file, and every other byte', async () => {
    const before =
      '# mine\ntriplet:   # second\n  freeze: { until: conv1 }   # why\n  rate: 2.0e-3\nclassification:\n  freeze: { only: [conv1] }\ndata: {side: 32}\n';
    const folder = folderWith({ 'ft.yaml': before });
    await freeze(folder, '--until', 'conv2', '--phase', 'triplet');
    expect(text(folder)).toBe(before.replace('until: conv1', 'until: conv2'));
    await freeze(folder, '--until', 'none');
    expect(text(folder)).toBe(before.replace('until: conv1', 'until: none').replace('only: [conv1]', 'until: none'));
  });

  it('freezes exactly what --only names', async () => {
    const folder = folderWith({ 'ft.yaml': 'triplet:\n  freeze: { until: conv1 }\n' });
    const { out } = await freeze(folder, '--only', 'conv3_{b,proj}', 'conv1', '--phase', 'triplet');
    expect(text(folder)).toContain('freeze: { only: [ "conv3_{b,proj}", conv1 ] }');
    expect(out).toMatch(/conv3_b +conv3 +\S+ +48 +frozen +frozen/);
    expect(out).toMatch(/conv2_a +conv2 +\S+ +24 +frozen +1e-2/);
  });

  it('changes nothing on a name that does not exist, and names the option once', async () => {
    const folder = folderWith({ 'ft.yaml': 'seed: 1\n' });
    const { code, err, out } = await freeze(folder, '--until', 'conv22');
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^--until: there is no stage or layer 'conv22'\n {2}expected: none, all, [^]*did you mean 'conv2'\?\n$/);
    expect(text(folder)).toBe('seed: 1\n');
    expect((await freeze(folder, '--only', '*')).err).toMatch(/^ft freeze: everything is frozen/);
    const empty = folderWith();
    await freeze(empty, '--until', 'conv22');
    expect(existsSync(`${empty}/ft.yaml`)).toBe(false);
  });

  it('shows what would change, and writes nothing, with --dry-run', async () => {
    const folder = folderWith({ 'ft.yaml': 'triplet:\n  freeze: { until: conv1 } # x\nclassification: { rate: 1 }\n' });
    const { out } = await freeze(folder, '--until', 'conv2', '--dry-run');
    expect(out).toContain(`ft.yaml would change:
-   freeze: { until: conv1 } # x
- classification: { rate: 1 }
+   freeze: { until: conv2 } # x
+ classification: { rate: 1, freeze: { until: conv2 } }
ft.yaml: everything up to and including conv2 would be frozen in classification and triplet
`);
    expect(text(folder)).toContain('until: conv1');
  });

  it('edits another file where one is named, and what ft plan then shows is what it wrote', async () => {
    const folder = folderWith({ 'mine.yaml': 'extends: smoke\n' });
    await freeze(folder, '--file', 'mine.yaml', '--until', 'all');
    const { out } = await ft(['plan', 'mine', '--stages'], { folder, verbs: smallVerbs });
    expect(out).toMatch(/conv3 +4 +\S+ +174 +frozen +frozen/);
  });

  it('asks for what is to be frozen, and takes one of the two', async () => {
    expect(await freeze(folderWith())).toMatchObject({ code: 2, err: expect.stringContaining('ft freeze --until conv3') });
    expect(await freeze(folderWith(), '--until', 'conv1', '--only', 'conv2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be used with'),
    });
    expect(await freeze(folderWith({ 'ft.yaml': 'triplet: null' }), '--until', 'conv1', '--phase', 'triplet')).toMatchObject({
      code: 2,
      err: '--phase: ft.yaml leaves the triplet phase out\n  expected: classification\n',
    });
    expect(await freeze(folderWith(), '--until', 'conv1', '--phase', 'tripplet')).toMatchObject({
      code: 2,
      err: expect.stringContaining('classification, triplet, both'),
    });
  });

  it('leaves a recipe with faults as it is and lists them', async () => {
    const folder = folderWith({ 'ft.yaml': 'seeed: 1\ntriplet: { margn: 1 }\n' });
    const { code, err } = await freeze(folder, '--until', 'conv1');
    expect(code).toBe(2);
    expect(err).toMatch(/ft\.yaml:1:1: unknown key 'seeed'[^]*ft\.yaml:2:12: unknown key 'triplet\.margn'[^]*2 faults/);
  });
});
