import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/data/dataset.js';
import { readMatlab } from '../../src/data/layouts/matlab.js';
import { openLabelled } from '../../src/data/layouts.js';
import { plain, put, temporaryFolders } from './images.js';

const folder = temporaryFolders();
const golden = JSON.parse(readFileSync(new URL('../golden/cars-mat.json', import.meta.url), 'utf8')) as {
  names: string[];
  rows: [image: number, className: number, test: number][];
  whole: string;
  whole_plain: string;
  meta: string;
  train: string;
  test: string;
  numbers: string;
};
const bytesOf = (base64: string) => Buffer.from(base64, 'base64');

const open = (path: string, options = {}) => openLabelled(path, { cache: null, ...options });
const picture = plain('#345678', 4, 4).jpeg().toBuffer();
async function pictures(root: string, ...files: string[]): Promise<void> {
  for (const file of files) await put(root, file, await picture);
}
const summary = (dataset: Dataset) =>
  dataset.samples.map(({ file, class: number, part, group, levels }) => [file, dataset.classes[number], part, group, levels]);

describe('CUB-200-2011', () => {
  async function tree(root: string): Promise<void> {
    const images = ['001.Albatross/a.jpg', '001.Albatross/b.jpg', '002.Auklet/c.jpg', '002.Auklet/d.jpg'];
    await pictures(root, ...images.map((image) => `images/${image}`), 'images/002.Auklet/extra.jpg');
    await put(root, 'images.txt', images.map((image, i) => `${i + 1} ${image}\n`).join(''));
    await put(root, 'image_class_labels.txt', '1 1\n2 1\n3 2\n4 2\n');
    await put(root, 'classes.txt', '1 001.Albatross\n2 002.Auklet\n');
    await put(root, 'train_test_split.txt', '1 1\n2 0\n3 1\n4 0\n');
    await put(root, 'bounding_boxes.txt', '1 60.0 27.0 325.0 304.0\n');
  }

  it('is recognised, also from the folder above, with its published split and the halves of its classes', async () => {
    const root = folder();
    await tree(join(root, 'CUB_200_2011'));
    for (const path of [root, join(root, 'CUB_200_2011')]) {
      const dataset = await open(path);
      const before = path === root ? 'CUB_200_2011/' : '';
      expect(summary(dataset)).toEqual([
        [`${before}images/001.Albatross/a.jpg`, '001.Albatross', 'train', undefined, { retrieval: 'train' }],
        [`${before}images/001.Albatross/b.jpg`, '001.Albatross', 'heldOut', undefined, { retrieval: 'train' }],
        [`${before}images/002.Auklet/c.jpg`, '002.Auklet', 'train', undefined, { retrieval: 'test' }],
        [`${before}images/002.Auklet/d.jpg`, '002.Auklet', 'heldOut', undefined, { retrieval: 'test' }],
      ]);
      expect(dataset.remarks?.passedOver).toEqual([
        { kind: '.txt file', count: 5, example: `${before}bounding_boxes.txt` },
        { kind: 'image that its list does not name', count: 1, example: `${before}images/002.Auklet/extra.jpg` },
      ]);
      expect(dataset.remarks?.notes[0]).toContain('recognised as CUB-200-2011');
    }
  });

  it('names the line of a list that is cut short or does not fit the others', async () => {
    const root = folder();
    await tree(root);
    await put(root, 'train_test_split.txt', '1 1\n2 0\n3 1\n');
    await expect(open(root)).rejects.toThrow(/images\.txt:4: image 4 has no part/);
    await put(root, 'train_test_split.txt', '1 1\n2\n');
    await expect(open(root)).rejects.toThrow(/train_test_split\.txt:2: a line of the published list is cut short/);
  });
});

describe('Stanford Cars', () => {
  it('is read from its MATLAB files, whole and in parts, with accents in the names', async () => {
    for (const annotations of [golden.whole, golden.whole_plain]) {
      const root = folder();
      await pictures(root, ...golden.rows.map(([n]) => `car_ims/${String(n).padStart(6, '0')}.jpg`));
      await put(root, 'cars_annos.mat', bytesOf(annotations));
      expect(summary(await open(root))).toEqual(
        golden.rows.map(([n, c, test]) => [
          `car_ims/${String(n).padStart(6, '0')}.jpg`,
          golden.names[c - 1],
          test === 1 ? 'heldOut' : 'train',
          undefined,
          { retrieval: c <= 2 ? 'train' : 'test' },
        ]),
      );
    }
  });

  it('is read from its development kit, the test part too where its labels are there', async () => {
    const root = folder();
    for (const n of [1, 2, 3, 4]) await pictures(root, `cars_train/0000${n}.jpg`, `cars_test/0000${n}.jpg`);
    await put(root, 'devkit/cars_meta.mat', bytesOf(golden.meta));
    await put(root, 'devkit/cars_train_annos.mat', bytesOf(golden.train));
    const trainOnly = await open(root);
    expect(trainOnly.samples.map(({ class: number }) => trainOnly.classes[number])).toEqual(golden.names);
    expect(trainOnly.remarks?.notes[0]).toContain('cars_test_annos_withlabels.mat, the classes of the other, is not there');
    await put(root, 'cars_test_annos_withlabels.mat', bytesOf(golden.test));
    const whole = await open(root);
    const heldOut = whole.samples.filter(({ part }) => part === 'heldOut');
    const classes = golden.rows.filter(([, , test]) => test === 1).map(([, c]) => golden.names[c - 1]);
    expect(heldOut.map(({ file, class: number }) => [file, whole.classes[number]])).toEqual(
      classes.map((name, i) => [`cars_test/0000${i + 1}.jpg`, name]),
    );
  });

  it('is refused by name where a MATLAB file is damaged, cut short or of the later form', async () => {
    const root = folder();
    const bytes = bytesOf(golden.whole);
    const bad: [Uint8Array, RegExp][] = [
      [bytes.subarray(0, 300), /not a MATLAB file that can be read[^]*damaged: it ends too soon/],
      [Buffer.concat([bytes.subarray(0, 140), Buffer.alloc(bytes.length - 140, 7)]), /damaged/],
      [Buffer.concat([Buffer.from('MATLAB 7.3 MAT-file, Platform'), Buffer.alloc(200)]), /version 7\.3 \(HDF5\)/],
      [Buffer.from('hello'), /other bytes/],
    ];
    for (const [file, message] of bad) {
      await put(root, 'cars_annos.mat', file);
      await expect(open(root)).rejects.toThrow(message);
    }
  });
});

describe('readMatlab', () => {
  it('gives numbers of every stored type, text, empty arrays and records as SciPy wrote them', () => {
    expect(Object.fromEntries(readMatlab(bytesOf(golden.numbers), 'x.mat'))).toEqual({
      doubles: [1.5, 3, -2.25, 1e300], // column after column
      singles: [0.5, 0.25],
      small: [-1, 2, -3],
      long: [2 ** 40],
      text: 'naïve',
      empty: [],
      nested: [{ name: 'a', value: [7] }],
    });
  });
});

describe('Stanford Online Products', () => {
  it('takes products as classes, their kinds as a level, and the published classes of each part', async () => {
    const root = folder();
    await pictures(root, 'bicycle_final/1_0.JPG', 'bicycle_final/1_1.JPG', 'chair_final/2_0.JPG', 'chair_final/2_1.JPG');
    const first = 'image_id class_id super_class_id path\n';
    await put(root, 'Ebay_train.txt', `${first}1 1 1 bicycle_final/1_0.JPG\n2 1 1 bicycle_final/1_1.JPG\n`);
    await put(root, 'Ebay_test.txt', `${first}3 11319 2 chair_final/2_0.JPG\n4 11319 2 chair_final/2_1.JPG\n`);
    await put(root, 'Ebay_info.txt', first);
    expect(summary(await open(root))).toEqual([
      ['bicycle_final/1_0.JPG', '1', 'train', '1', { super_class: 'bicycle' }],
      ['bicycle_final/1_1.JPG', '1', 'train', '1', { super_class: 'bicycle' }],
      ['chair_final/2_0.JPG', '11319', 'heldOut', '11319', { super_class: 'chair' }],
      ['chair_final/2_1.JPG', '11319', 'heldOut', '11319', { super_class: 'chair' }],
    ]);
    const kinds = await open(root, { label: 'super_class' });
    expect(kinds.classes).toEqual(['bicycle', 'chair']);
    expect(kinds.samples[2]).toMatchObject({ group: '11319', levels: { class: '11319', super_class: 'chair' } });
    await expect(open(root, { label: 'superclass' })).rejects.toThrow(/'superclass'[^]*did you mean 'super_class'/);
  });
});

describe('In-shop Clothes Retrieval', () => {
  it('takes items as classes, with department, category, pose, and query and gallery as levels', async () => {
    const root = folder();
    const dress = 'img/WOMEN/Dresses/id_00000002';
    const shirt = 'img/MEN/Tees_Tanks/id_00000009';
    await pictures(root, `Img/${dress}/02_1_front.jpg`, `Img/${shirt}/01_1_front.jpg`, `Img/${shirt}/01_3_back.jpg`);
    const partition = [`${dress}/02_1_front.jpg id_00000002 train`, `${shirt}/01_1_front.jpg id_00000009 query`];
    partition.push(`${shirt}/01_3_back.jpg      id_00000009 gallery`, `${shirt}/gone.jpg id_00000009 gallery`);
    await put(root, 'Eval/list_eval_partition.txt', `4\nimage_name item_id evaluation_status\n${partition.join('\n')}\n`);
    const boxes = `${dress}/02_1_front.jpg 3 1 50 49 208 235\n${shirt}/01_3_back.jpg 1 3 1 2 3 4\n`;
    await put(root, 'Anno/list_bbox_inshop.txt', `2\nimage_name clothes_type pose_type x_1 y_1 x_2 y_2\n${boxes}`);
    const dataset = await open(root);
    const women = { department: 'WOMEN', category: 'Dresses' };
    const men = { department: 'MEN', category: 'Tees_Tanks' };
    expect(summary(dataset)).toEqual([
      [`Img/${shirt}/01_1_front.jpg`, 'id_00000009', 'heldOut', 'id_00000009', { ...men, retrieval: 'query' }],
      [
        `Img/${shirt}/01_3_back.jpg`,
        'id_00000009',
        'heldOut',
        'id_00000009',
        { ...men, retrieval: 'gallery', clothes: 'upper-body', pose: 'back' },
      ],
      [
        `Img/${dress}/02_1_front.jpg`,
        'id_00000002',
        'train',
        'id_00000002',
        { ...women, retrieval: 'train', clothes: 'full-body', pose: 'front' },
      ],
    ]);
    expect(dataset.skipped.map(({ file }) => file)).toEqual([`Img/${shirt}/gone.jpg`]);
  });
});

describe('Market-1501', () => {
  it('takes persons as classes and cameras as groups, and counts junk and distractors', async () => {
    const root = folder();
    await pictures(
      root,
      ...['0002_c1s1_000451_03.jpg', '0002_c2s1_000301_01.jpg'].map((name) => `bounding_box_train/${name}`),
      ...['-1_c1s1_000401_03.jpg', '0000_c1s1_000151_01.jpg', '0003_c3s1_000001_00.jpg'].map(
        (name) => `bounding_box_test/${name}`,
      ),
      'query/0003_c1s2_001051_00.jpg',
      'gt_bbox/0003_c1s1_000001_00.jpg',
    );
    await put(root, 'query/Thumbs.db', 'no');
    await put(root, 'readme.txt', 'no');
    const dataset = await open(root);
    expect(summary(dataset)).toEqual([
      ['bounding_box_test/0003_c3s1_000001_00.jpg', '0003', 'heldOut', 'camera 3', { retrieval: 'gallery', sequence: '1' }],
      ['bounding_box_train/0002_c1s1_000451_03.jpg', '0002', 'train', 'camera 1', { retrieval: 'train', sequence: '1' }],
      ['bounding_box_train/0002_c2s1_000301_01.jpg', '0002', 'train', 'camera 2', { retrieval: 'train', sequence: '1' }],
      ['query/0003_c1s2_001051_00.jpg', '0003', 'heldOut', 'camera 1', { retrieval: 'query', sequence: '2' }],
    ]);
    const counts = Object.fromEntries((dataset.remarks?.passedOver ?? []).map(({ kind, count }) => [kind, count]));
    expect(counts).toEqual({
      'junk image (-1), which the protocol leaves out': 1,
      'distractor image (0000), which shows nobody': 1,
      'image that its list does not name': 1,
      'hidden or system file': 1,
      '.txt file': 1,
    });
    expect(dataset.skipped).toEqual([]);
  });
});

describe('a layout that is named', () => {
  it('is refused where its files are not there, and a file that is no table too', async () => {
    const root = folder();
    await pictures(root, 'cat/1.jpg', 'dog/1.jpg');
    await expect(open(root, { layout: 'market-1501' })).rejects.toThrow(
      /this is no download of Market-1501[^]*bounding_box_train\/, bounding_box_test\/ and query\//,
    );
    await expect(open(join(root, 'cat/1.jpg'))).rejects.toThrow('this is a file, not a folder of images');
    await expect(open(join(root, 'nowhere'))).rejects.toThrow('the folder of images does not exist');
  });
});
