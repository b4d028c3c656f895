import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharp } from '../../src/data/image-library.js';
import { openLabelled } from '../../src/data/layouts.js';
import { splitDataset } from '../../src/data/split.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { splitRule } from '../../src/run/images.js';
import { csvField } from '../../src/run/split-data.js';
import { ft } from './terminal.js';

let folder = '';
const file = (name: string) => join(folder, name);
const ftHere = (...argv: string[]) => ft(argv, { folder });

/** A picture with shapes in it, drawn by numbers. */
const drawing = (seed: number, width = 200, height = 150) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 200 150" preserveAspectRatio="none"><rect width="200" height="150" fill="hsl(${seed * 57},60%,70%)"/>${Array.from(
        { length: 8 },
        (_, i) =>
          `<circle cx="${(seed * 71 + i * 53) % 200}" cy="${(seed * 37 + i * 89) % 150}" r="${12 + ((seed * 13 + i * 17) % 30)}" fill="hsl(${(seed * 91 + i * 77) % 360},70%,${20 + ((seed * 7 + i * 31) % 65)}%)"/>`,
      ).join('')}</svg>`,
    ),
  );

const nasty = '<script>alert(1)<\n\x1b[31m';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ft-check-'));
  for (const [c, name] of ['ant', 'bee', 'cat', 'dog'].entries()) {
    mkdirSync(file(`photos/${name}`), { recursive: true });
    for (let i = 0; i < 6; i++)
      await drawing(1 + c * 10 + i)
        .png()
        .toFile(file(`photos/${name}/${i}.png`));
  }
  mkdirSync(file(`photos/${nasty.replaceAll('/', '')}`));
  const copy = (from: string, to: string) => writeFileSync(file(`photos/${to}`), readFileSync(file(`photos/${from}`)));
  copy('ant/0.png', 'ant/again.png'); // redundancy
  copy('ant/1.png', 'cat/from-ant.png'); // both even: a conflict
  copy('bee/1.png', 'cat/from-bee.png'); // odd and even: leakage
  await drawing(12).jpeg({ quality: 40 }).toFile(file('photos/bee/compressed.jpg')); // of bee/1.png, so of cat/from-bee.png too
  await drawing(90)
    .png()
    .toFile(file(`photos/${nasty}/only.png`));
  await sharp({ create: { width: 200, height: 150, channels: 3, background: '#888' } })
    .png()
    .toFile(file('photos/dog/blank.png'));
  await drawing(91, 900, 100).png().toFile(file('photos/dog/panorama.png'));
  await drawing(92, 20, 15).png().toFile(file('photos/dog/tiny.png'));
  await drawing(93).greyscale().png().toFile(file('photos/dog/grey.png'));
  writeFileSync(file('photos/dog/broken.jpg'), 'no image');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Json {
  images: number;
  split: { by: string; kind: string; parts: Record<string, number> };
  findings: { kind: string; cases: { note: string; images: { file: string; part: string | null }[] }[] }[];
}

describe('ft data check', () => {
  const quick = ['data', 'check', 'photos', '--quick', '--set', 'data.side=64', '--set', 'data.validation=0'];

  it('finds what was planted, each with its files and its part of the split', async () => {
    const { code, out } = await ftHere(...quick, '--json');
    expect(code).toBe(0);
    const check = JSON.parse(out) as Json;
    expect(check.images).toBe(33);
    // sorted: <script>…, ant, bee, cat, dog; even numbers train: <script>…, bee, dog
    expect(check.split).toMatchObject({ by: 'class', kind: 'open', parts: { train: 18, validation: 0, heldOut: 15 } });
    const found = new Map(
      check.findings.map(({ kind, cases }) => [kind, cases.map(({ images }) => images.map((image) => image.file))]),
    );
    expect(found.get('leakage')).toEqual([['bee/1.png', 'bee/compressed.jpg', 'cat/from-bee.png']]);
    expect(found.get('label-conflict')).toEqual([['ant/1.png', 'cat/from-ant.png']]);
    expect(found.get('redundancy')).toEqual([['ant/0.png', 'ant/again.png']]);
    expect(found.get('damaged')).toEqual([['dog/broken.jpg']]);
    expect(found.get('single-image')).toEqual([[`${nasty}/only.png`]]);
    expect(found.get('uniform')).toEqual([['dog/blank.png']]);
    expect(found.get('proportions')).toEqual([['dog/panorama.png']]);
    expect(found.get('small')).toEqual([['dog/tiny.png']]);
    expect(found.get('grey')?.flat()).toContain('dog/grey.png');
    expect(check.findings.find(({ kind }) => kind === 'leakage')?.cases[0]?.images.map(({ part }) => part)).toEqual([
      'train',
      'train',
      'heldOut',
    ]);
    expect(existsSync(file('data-check.html'))).toBe(false);
  });

  it('sums it up on the terminal, the gravest first, and no name reaches it raw', async () => {
    const { code, out } = await ftHere(...quick);
    expect(code).toBe(0);
    expect(out).toContain('1 set of nearly equal images on two sides of the split   [leakage]');
    expect(out).toContain('bee/1.png (trains), bee/compressed.jpg (trains), cat/from-bee.png (held out)');
    expect(out.indexOf('[leakage]')).toBeLessThan(out.indexOf('[label-conflict]'));
    expect(out.indexOf('[label-conflict]')).toBeLessThan(out.indexOf('[redundancy]'));
    expect(out).toContain('No network was asked (--quick)');
    expect(out).toContain('All of it, with pictures: data-check.html');
    expect(out).not.toContain('\x1b');
    expect(out).toContain('\\x1b[31m');
  });

  it('writes a page that asks for nothing and runs nothing that a folder is called', () => {
    const page = readFileSync(file('data-check.html'), 'utf8');
    expect(page).toContain('1 set of nearly equal images on two sides of the split');
    expect(page.match(/<img src="data:image\/webp;base64,/g)?.length).toBeGreaterThan(10);
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  });

  it('fails with --strict where something leaks or contradicts itself, and not where nothing does', async () => {
    expect((await ftHere(...quick, '--no-html', '--strict')).code).toBe(2);
    for (const [c, name] of ['ant', 'bee', 'cat', 'dog'].entries()) {
      mkdirSync(file(`clean/${name}`), { recursive: true });
      for (let i = 0; i < 4; i++)
        await drawing(1 + c * 10 + i)
          .png()
          .toFile(file(`clean/${name}/${i}.png`));
    }
    const clean = await ftHere('data', 'check', 'clean', '--quick', '--no-html', '--strict', '--set', 'data.side=64');
    expect(clean.code).toBe(0);
    expect(clean.out).toContain('Nothing was found.');
  });

  it('finds equal files on one side where the split is by image, so nothing leaks', async () => {
    const { out } = await ftHere(...quick, '--split', 'image', '--json');
    const check = JSON.parse(out) as Json;
    expect(check.split).toMatchObject({ by: 'image', kind: 'closed' });
    const leaking = check.findings.find(({ kind }) => kind === 'leakage')?.cases ?? [];
    expect(leaking.filter(({ note }) => note.startsWith('equal byte by byte'))).toEqual([]);
  });

  it('goes on where the set cannot be split, and says that no leakage was looked for', async () => {
    mkdirSync(file('two/a'), { recursive: true });
    mkdirSync(file('two/b'), { recursive: true });
    await drawing(1).png().toFile(file('two/a/1.png'));
    await drawing(2).png().toFile(file('two/b/1.png'));
    const { code, out } = await ftHere('data', 'check', 'two', '--quick', '--no-html');
    expect(code).toBe(0);
    expect(out).toContain('No split by class, so no leakage was looked for: two has too few classes');
  });

  it('refuses a folder that is not there and a split that is none', async () => {
    expect(await ftHere('data', 'check', 'nowhere', '--quick')).toMatchObject({ code: 2 });
    const { code, err } = await ftHere('data', 'check', 'photos', '--split', 'klass');
    expect(code).toBe(2);
    expect(err).toContain('class, image, group, manifest');
  });
});

describe('ft data split', () => {
  /** The parts of a split by the files' paths. */
  async function partsBy(data: string, ...sets: string[]) {
    const { recipe } = loadRecipe('folder', { sets, data: file(data), folder });
    const dataset = await openLabelled(file(data), {});
    const split = splitDataset(dataset, splitRule(recipe));
    const paths = (samples: Int32Array) => [...samples].map((index) => dataset.samples[index]?.path).sort();
    return {
      kind: split.kind,
      train: paths(split.train.samples),
      validation: paths(split.validation.samples),
      heldOut: paths(split.heldOut.samples),
    };
  }

  for (const [name, argv, sets] of [
    ['class', ['--by', 'class', '--share', '.4'], ['data.heldOut=share', 'data.share=.4']],
    [
      'image',
      ['--by', 'image', '--share', '.3', '--validation', '.2', '--seed', '3'],
      ['data.split=image', 'data.share=.3', 'data.validation=.2', 'seed=3'],
    ],
  ] as const) {
    it(`by ${name} writes a table that gives the same split again`, async () => {
      const { code, out } = await ftHere('data', 'split', 'photos', ...argv, '--out', `${name}.csv`);
      expect(code).toBe(0);
      expect(out).toContain(`ft train folder --data ${name}.csv --set data.split=manifest`);
      const unset = out.includes('--set data.validation=0') ? ['data.validation=0'] : [];
      expect(await partsBy(`${name}.csv`, 'data.split=manifest', ...unset)).toEqual(await partsBy('photos', ...sets));
    });
  }

  it('into folds writes a column of folds, and each can be taken again', async () => {
    const { code, out } = await ftHere('data', 'split', 'photos', '--by', 'image', '--folds', '3', '--out', 'folds.csv');
    expect(code).toBe(0);
    expect(out).toContain("--set 'data.fold={of: 3, take: 0}'");
    expect(readFileSync(file('folds.csv'), 'utf8').split('\r\n')[0]).toBe('file,class,fold');
    for (const take of [0, 1, 2]) {
      const fold = `data.fold={of: 3, take: ${take}}`;
      const again = await partsBy('folds.csv', 'data.split=manifest', fold, 'data.validation=0');
      const first = await partsBy('photos', 'data.split=image', fold, 'data.validation=0');
      expect(again).toEqual(first);
    }
  });

  it('writes fields as RFC 4180 has them', () => {
    expect(['plain', 'a,b', 'say "x"', 'two\nlines', ' blank', ''].map(csvField)).toEqual([
      'plain',
      '"a,b"',
      '"say ""x"""',
      '"two\nlines"',
      '" blank"',
      '',
    ]);
  });

  it('refuses a share above one, a group where no image has one, and a folder as the table', async () => {
    expect((await ftHere('data', 'split', 'photos', '--share', '2', '--out', 'x.csv')).err).toContain('A share from 0 to 1');
    expect((await ftHere('data', 'split', 'photos', '--by', 'group', '--out', 'x.csv')).err).toContain('no image says its group');
    expect((await ftHere('data', 'split', 'photos', '--out', 'photos')).err).toContain('this is a folder');
    expect(existsSync(file('x.csv'))).toBe(false);
  });
});
