import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addDataShow } from '../../src/cli/data-show.js';
import { streamsIo } from '../../src/cli/io.js';
import { planEpoch } from '../../src/data/batch.js';
import { sharp } from '../../src/data/image-library.js';
import { createLoader } from '../../src/data/loader.js';
import { deriveSeed } from '../../src/data/random.js';
import { UserError } from '../../src/errors.js';
import { silent } from '../../src/progress.js';
import { loadRecipe } from '../../src/recipe/load.js';
import { openImages } from '../../src/run/images.js';
import { batchesOf, viewsOf } from '../../src/run/phase-batches.js';
import { sheetPage } from '../../src/run/sheet-page.js';
import { sheetPng } from '../../src/run/sheet-png.js';
import { type Sheet, showData } from '../../src/run/show-data.js';
import { putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();
const classes = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

async function recipeOf(sets: string[]) {
  const root = folder();
  await putTree(root, classes, 3, 20);
  process.env.XDG_CACHE_HOME = folder();
  const all = ['data.side=16', 'data.validation=0', 'classification.batch=4', ...sets];
  return { root, recipe: loadRecipe('folder', { sets: all, data: root }).recipe };
}
const shown = { phase: null, images: 3, views: 3 } as const;

describe('the sheet of what training sees', () => {
  it.each([
    ['without mixing', []],
    ['with mixing', ['classification.mix={mixup: 0.4, cutmix: 1}', 'data.augment.crop={area: [0.3, 1]}']],
  ])('holds the very views that training feeds, %s', async (_, sets) => {
    const { recipe } = await recipeOf(sets);
    const sheet = await showData(recipe, shown, silent);
    const { decoded, split } = await openImages(recipe, silent);
    const seed = deriveSeed(recipe.seed, 'classification');
    const batches = batchesOf('classification', { recipe, split, decoded }, seed);
    const loader = createLoader(decoded, { ...viewsOf('classification', recipe, seed), workers: 1 });
    const files = sheet.rows.map(({ file }) => file);
    expect(new Set(files).size).toBe(3);
    let compared = 0;
    for (let epoch = 0; epoch < 3; epoch++) {
      let step = 0;
      for await (const { pixels, indices, mix } of loader.batches(planEpoch(batches(epoch), epoch))) {
        step++;
        indices.forEach((sample, place) => {
          const row = sheet.rows[files.indexOf(decoded.dataset.samples[sample]?.file as string)];
          if (row === undefined) return;
          const cell = row.cells[epoch + 1];
          expect(cell?.caption.startsWith(`epoch ${epoch + 1}, step ${step}`)).toBe(true);
          expect(cell?.pixels).toEqual(pixels.slice(place * 768, (place + 1) * 768));
          const partner = decoded.dataset.samples[indices[mix?.partners[place] ?? place] as number];
          if (mix !== undefined && mix.lambda < 1)
            expect(cell?.caption.split('\n')[2]).toBe(decoded.dataset.classes[partner?.class as number]);
          compared++;
        });
      }
    }
    await loader.close();
    expect(compared).toBe(9); // 12 training images, 3 batches of 4: every image in every epoch
    expect(sheet.notes.join()).toContain(sets.length === 0 ? 'classification.sampler: shuffled' : 'mixup 0.4');
  });

  it('says where an image is not drawn in an epoch', async () => {
    const { recipe } = await recipeOf(['triplet.classesPerBatch=4', 'triplet.imagesPerClass=2', 'triplet.sampler=random']);
    const sheet = await showData(recipe, { phase: 'triplet', images: 12, views: 2 }, silent);
    const cells = sheet.rows.flatMap(({ cells: [, ...views] }) => views);
    const missing = cells.filter(({ pixels }) => pixels === null);
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.every(({ caption }) => /^epoch \d: not drawn$/.test(caption))).toBe(true);
    const covering = {
      ...recipe,
      triplet: { ...(recipe.triplet as NonNullable<typeof recipe.triplet>), sampler: 'cover' as const },
    };
    const covered = await showData(covering, { phase: 'triplet', images: 12, views: 2 }, silent);
    expect(covered.rows.every(({ cells }) => cells.every(({ pixels }) => pixels !== null))).toBe(true);
  });

  it('refuses a phase that the recipe leaves out', async () => {
    const { recipe } = await recipeOf(['triplet=null']);
    await expect(showData(recipe, { ...shown, phase: 'triplet' }, silent)).rejects.toThrow('the recipe has no triplet phase');
  });
});

/** One colour that no letter has. */
const plain = (value: number) => Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i % 3 === 0 ? value : 255 - value));
const sheet: Sheet = {
  title: 'a <set>: 16 px',
  notes: ['data.augment: flip 0.5'],
  side: 16,
  rows: [
    {
      file: 'a&b/<img src=x>\n.png',
      className: 'a&b',
      cells: [
        { pixels: plain(200), caption: 'as it is' },
        { pixels: null, caption: 'epoch 1: not drawn' },
      ],
    },
    {
      file: 'c/2.png',
      className: 'c',
      cells: [
        { pixels: plain(10), caption: 'as it is' },
        { pixels: plain(90), caption: 'epoch 1, step 2\n40 % + 60 %\nd' },
      ],
    },
  ],
};

describe('a sheet on disk', () => {
  it('has each picture in its place in the PNG, and words around them', async () => {
    const { data, info } = await sharp(await sheetPng(sheet))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const columns = (value: number) => {
      const found = new Set<number>();
      let area = 0;
      for (let i = 0; i < data.length; i += 3) {
        if (data[i] !== value || data[i + 1] !== 255 - value || data[i + 2] !== 255 - value) continue;
        found.add((i / 3) % info.width);
        area++;
      }
      return { area, left: Math.min(...found) };
    };
    const cell = 144; // 16 px, enlarged nine times
    expect(columns(200)).toEqual({ area: cell * cell, left: 20 });
    expect(columns(10)).toEqual({ area: cell * cell, left: 20 });
    expect(columns(90)).toEqual({ area: cell * cell, left: 20 + cell + 10 });
  });

  it('is a page that shows names as text and asks for nothing', async () => {
    const page = await sheetPage(sheet);
    expect(page).not.toContain('<img src=x>');
    expect(page).toContain('&lt;img src=x&gt;');
    expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
  });
});

describe('ft data show', () => {
  const call = async (given: string[], at: string) => {
    let said = '';
    const io = streamsIo({
      folder: at,
      stdout: {
        write: (text: string) => {
          said += text;
          return true;
        },
      },
      stderr: { write: () => true },
    });
    const command = new Command('data').exitOverride();
    addDataShow(command, io);
    await command.parseAsync(['show', ...given], { from: 'user' });
    return said;
  };

  it('takes a folder of photos, and writes what --out names', async () => {
    const { root } = await recipeOf([]);
    const said = await call(
      [root, '--set', 'data.side=16', '--set', 'data.validation=0', '--images', '2', '--views', '2', '--out', 'x.png'],
      root,
    );
    expect(said).toContain('what the classification phase sees, 16 px, seed 0');
    expect(said).toContain('x.png written');
    const { width, format } = await sharp(readFileSync(join(root, 'x.png'))).metadata();
    expect([width, format]).toEqual([2 * 20 + 3 * 154 - 10, 'png']);
  });

  it('says what is neither, and what it cannot write', async () => {
    await expect(call(['nosuch'], folder())).rejects.toThrow("'nosuch' is neither a recipe nor images");
    await expect(call(['smoke', '--out', 'x.gif'], folder())).rejects.toThrow(UserError);
  });
});
