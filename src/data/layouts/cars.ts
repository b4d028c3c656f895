import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { type MatlabRecord, readMatlab } from './matlab.js';
import { areThere, type PublishedImage, type PublishedLayout } from './published.js';

/**
 * Stanford Cars, "Cars196" (Krause et al. 2013), in its two forms. Whole: `cars_annos.mat` (annotations: relative_im_path,
 * class, test; class_names) and `car_ims/`. In parts: `devkit/` with `cars_train_annos.mat` (class, fname) and
 * `cars_meta.mat` (class_names), `cars_train/`, `cars_test/`; the test part's classes are in
 * `cars_test_annos_withlabels.mat`, a download of its own. The part is the published split, in which all classes are on both
 * sides; level `retrieval`: first half of the classes train (Oh Song et al. 2016, §5).
 */
export const cars: PublishedLayout = {
  name: 'cars',
  title: 'Stanford Cars (Cars196)',
  files: 'cars_annos.mat and car_ims/, or devkit/cars_train_annos.mat, devkit/cars_meta.mat and cars_train/',
  folders: ['stanford_cars', 'cars196', 'cars'],
  recognise: async (root) =>
    (await areThere(root, 'cars_annos.mat')) || areThere(root, 'devkit/cars_train_annos.mat', 'devkit/cars_meta.mat'),
  async read(root) {
    const how = 'the part is the published split by image; level retrieval: first half of the classes train';
    if (await areThere(root, 'cars_annos.mat')) {
      const { annotations, names } = await readAnnotations(join(root, 'cars_annos.mat'));
      const images = annotations.map((record) =>
        published(text(record, 'relative_im_path'), record, names, number(record, 'test') === 1 ? 'heldOut' : 'train'),
      );
      return { images, note: how };
    }
    const { names } = await readAnnotations(join(root, 'devkit/cars_meta.mat'));
    const train = await readAnnotations(join(root, 'devkit/cars_train_annos.mat'));
    const images = train.annotations.map((record) => published(`cars_train/${text(record, 'fname')}`, record, names, 'train'));
    for (const name of ['cars_test_annos_withlabels.mat', 'devkit/cars_test_annos_withlabels.mat']) {
      if (!(await areThere(root, name))) continue;
      const test = await readAnnotations(join(root, name));
      images.push(...test.annotations.map((record) => published(`cars_test/${text(record, 'fname')}`, record, names, 'heldOut')));
      return { images, note: how };
    }
    return { images, note: 'the training part alone: cars_test_annos_withlabels.mat, the classes of the other, is not there' };
  },
};

async function readAnnotations(path: string): Promise<{ annotations: readonly MatlabRecord[]; names: readonly string[] }> {
  const variables = readMatlab(await readFile(path), path);
  return {
    annotations: (variables.get('annotations') ?? []) as readonly MatlabRecord[],
    names: (variables.get('class_names') ?? []) as readonly string[],
  };
}

function published(file: string, record: MatlabRecord, names: readonly string[], part: 'train' | 'heldOut'): PublishedImage {
  const place = number(record, 'class');
  const className = names[place - 1];
  if (className === undefined) {
    throw new UserError({
      what: `the annotations give ${file} class ${place}`,
      where: 'class_names',
      expected: `1 to ${names.length}`,
      found: String(place),
    });
  }
  return { file, className, part, levels: { retrieval: place <= Math.floor(names.length / 2) ? 'train' : 'test' } };
}

function text(record: MatlabRecord, field: string): string {
  const value = record[field];
  if (typeof value === 'string') return value;
  throw new UserError({ what: `an annotation has no ${field}`, expected: 'text', found: Object.keys(record).join(', ') });
}

function number(record: MatlabRecord, field: string): number {
  const value = record[field];
  const first = Array.isArray(value) ? (value as readonly unknown[])[0] : undefined;
  if (typeof first === 'number') return first;
  throw new UserError({ what: `an annotation has no ${field}`, expected: 'a number', found: Object.keys(record).join(', ') });
}
