import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeDataset } from '../../src/data/describe.js';
import { scanFolder } from '../../src/data/folder.js';
import { cachePixels } from '../../src/data/pixel-cache.js';
import { UserError } from '../../src/errors.js';
import { plain, put, putTree, temporaryFolders } from './images.js';

const folder = temporaryFolders();

describe('scanFolder', () => {
  it('takes the first folder as the class, with folders below it, and passes over hidden and other files', async () => {
    const root = folder();
    await putTree(root, ['dog', 'cat'], 2);
    await put(root, 'cat/more/deep/x.JPG', await plain('#123456').jpeg().toBuffer());
    await put(root, 'cat/.hidden.png', 'no');
    await put(root, '.thumbnails/1.png', 'no');
    await put(root, 'labels.csv', 'file,class');
    await put(root, 'cat/notes.txt', 'mine');
    const dataset = await scanFolder(root, { name: 'pets' });
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(dataset.samples.map((sample) => sample.file)).toEqual([
      'cat/0.png',
      'cat/1.png',
      'cat/more/deep/x.JPG',
      'dog/0.png',
      'dog/1.png',
    ]);
    expect(dataset.samples.map((sample) => sample.class)).toEqual([0, 0, 0, 1, 1]);
    expect(dataset.skipped).toEqual([]);
  });

  it('follows links, and does not turn for ever in one that leads back', async () => {
    const root = folder();
    const elsewhere = folder();
    await putTree(root, ['cat', 'dog'], 1);
    await putTree(elsewhere, ['emu'], 1);
    symlinkSync(join(elsewhere, 'emu'), join(root, 'emu'));
    symlinkSync(root, join(root, 'cat', 'up'));
    symlinkSync(join(root, 'gone.png'), join(root, 'dog', 'gone.png'));
    const dataset = await scanFolder(root);
    expect(dataset.samples.map((sample) => sample.file)).toEqual(['cat/0.png', 'dog/0.png', 'emu/0.png']);
    expect(dataset.skipped).toEqual([{ file: 'dog/gone.png', reason: 'a link that leads nowhere' }]);
  });

  it('names the layout when the folder is absent, is a file, or has images but no classes', async () => {
    const root = folder();
    await expect(scanFolder(join(root, 'nowhere'))).rejects.toThrow('the folder of images does not exist');
    await put(root, 'a.png', await plain('#fff').png().toBuffer());
    await expect(scanFolder(join(root, 'a.png'))).rejects.toThrow('this is a file, not a folder of images');
    await expect(scanFolder(root)).rejects.toThrow(
      /no readable image lies in a class folder here[^]*a\.png: lies in no class folder/,
    );
  });

  it('refuses a single class', async () => {
    const root = folder();
    await putTree(root, ['cat'], 3);
    await expect(scanFolder(root)).rejects.toThrow(/only one class has images[^]*cat with 3 images/);
  });
});

/** Two whole classes, one with a single image, and one of each kind of file that cannot be used. */
async function putSpoiltTree(root: string): Promise<void> {
  await putTree(root, ['cat', 'dog'], 2);
  await put(root, 'emu/only.png', await plain('#00ff00').png().toBuffer());
  const jpeg = await plain('#884422', 64, 64).jpeg().toBuffer();
  await put(root, 'cat/cut.jpg', jpeg.subarray(0, jpeg.length / 2));
  await put(root, 'cat/empty.jpg', '');
  await put(root, 'dog/text.jpg', 'not an image at all');
  await put(root, 'dog/phone.heic', 'whatever');
}

describe('images that cannot be used', () => {
  it('are skipped, listed with the reason and counted; a class with one image is kept and named', async () => {
    const root = folder();
    await putSpoiltTree(root);
    const { dataset } = await cachePixels(await scanFolder(root, { name: 'pets' }), { side: 8, folder: folder() });
    expect(dataset.samples.map((sample) => sample.file)).toEqual([
      'cat/0.png',
      'cat/1.png',
      'dog/0.png',
      'dog/1.png',
      'emu/only.png',
    ]);
    expect(dataset.skipped.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      'cat/cut.jpg: damaged or cut short',
      'cat/empty.jpg: the file is empty',
      'dog/phone.heic: .heic cannot be decoded here: convert it to JPEG or PNG',
      'dog/text.jpg: not an image, or of a kind that cannot be decoded here',
    ]);
    expect(describeDataset(dataset, 2)).toEqual([
      'pets: 5 images in 3 classes',
      'skipped 4 files that cannot be used:',
      '  cat/cut.jpg: damaged or cut short',
      '  cat/empty.jpg: the file is empty',
      '  dog/phone.heic: .heic cannot be decoded here: convert it to JPEG or PNG',
      '  dog/text.jpg: not an image, or of a kind that cannot be decoded here',
      '1 class has one image only, so nothing can be retrieved for it: emu',
    ]);
  });

  it('stop a strict run, all named at once, also when the pixels were cached before', async () => {
    const root = folder();
    const cache = folder();
    await putSpoiltTree(root);
    for (let turn = 0; turn < 2; turn++) {
      const run = cachePixels(await scanFolder(root), { side: 8, folder: cache, strict: true });
      const error = await run.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).faults.map((fault) => fault.where)).toEqual([
        'cat/cut.jpg',
        'cat/empty.jpg',
        'dog/phone.heic',
        'dog/text.jpg',
        undefined,
      ]);
      expect((error as UserError).faults[4]?.what).toBe('4 images cannot be used, and data.strict stops at them');
    }
  });

  it('are an error when they leave one class only', async () => {
    const root = folder();
    await putTree(root, ['cat'], 2);
    await put(root, 'dog/text.jpg', 'not an image at all');
    await expect(cachePixels(await scanFolder(root), { side: 8, folder: folder() })).rejects.toThrow('only one class has images');
  });
});
