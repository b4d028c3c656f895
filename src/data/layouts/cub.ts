import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { areThere, type PublishedLayout, readList } from './published.js';

const lists = ['images.txt', 'image_class_labels.txt', 'classes.txt', 'train_test_split.txt'];

/**
 * Caltech-UCSD Birds-200-2011 (Wah et al. 2011), as its README describes it: `images.txt` (id, path below images/),
 * `image_class_labels.txt` (id, class), `classes.txt` (class, name), `train_test_split.txt` (id, 1 for training). The part is
 * that split, in which all classes are on both sides; retrieval papers train on the first half of the classes and score on
 * the second (Oh Song et al. 2016, §5), which is noted as the level `retrieval`.
 */
export const cub: PublishedLayout = {
  name: 'cub',
  title: 'CUB-200-2011',
  files: `${lists.join(', ')} and images/`,
  folders: ['CUB_200_2011'],
  recognise: (root) => areThere(root, ...lists),
  async read(root) {
    const table = async (name: string) => {
      const lines = await readList(join(root, name), 2);
      return new Map(lines.map(({ fields }) => [fields[0] as string, fields[1] as string]));
    };
    const names = await table('classes.txt');
    const classes = await table('image_class_labels.txt');
    const split = await table('train_test_split.txt');
    const half = Math.floor(names.size / 2);
    const lines = await readList(join(root, 'images.txt'), 2);
    const images = lines.map(({ fields: [id, file], where }) => {
      const number = classes.get(id as string);
      const className = number === undefined ? undefined : names.get(number);
      const training = split.get(id as string);
      if (className === undefined || training === undefined) {
        throw new UserError({
          what: `image ${id} has no ${className === undefined ? 'class' : 'part'}`,
          where,
          expected: `a line '${id} …' in ${className === undefined ? 'image_class_labels.txt and classes.txt' : 'train_test_split.txt'}`,
        });
      }
      return {
        file: `images/${file}`,
        className,
        part: training === '1' ? ('train' as const) : ('heldOut' as const),
        levels: { retrieval: Number(number) <= half ? 'train' : 'test' },
      };
    });
    return { images, note: 'the part is the published split by image; level retrieval: first half of the classes train' };
  },
};
