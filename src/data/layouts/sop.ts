import { join } from 'node:path';
import { areThere, type PublishedLayout, readList } from './published.js';

/**
 * Stanford Online Products (Oh Song et al. 2016): `Ebay_train.txt` and `Ebay_test.txt`, each with a first line `image_id
 * class_id super_class_id path`. A class is one product; the two files share none. Level `super_class`: the product's kind,
 * by its folder (`bicycle_final` → bicycle). The group is the product, so that kinds can be split without tearing one apart.
 */
export const sop: PublishedLayout = {
  name: 'sop',
  title: 'Stanford Online Products',
  files: 'Ebay_train.txt, Ebay_test.txt and the folders bicycle_final/, …',
  folders: ['Stanford_Online_Products'],
  recognise: (root) => areThere(root, 'Ebay_train.txt', 'Ebay_test.txt'),
  async read(root) {
    const read = async (name: string, part: 'train' | 'heldOut') => {
      const lines = await readList(join(root, name), 4, 1);
      return lines.map(({ fields: [, product, , path] }) => ({
        file: path as string,
        className: product as string,
        group: product as string,
        part,
        levels: { super_class: ((path as string).split('/', 1)[0] as string).replace(/_final$/, '') },
      }));
    };
    const images = [...(await read('Ebay_train.txt', 'train')), ...(await read('Ebay_test.txt', 'heldOut'))];
    return { images, note: 'a class is a product; the published split shares none; level super_class is its kind' };
  },
};
