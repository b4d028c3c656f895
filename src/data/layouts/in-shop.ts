import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { areThere, type PublishedLayout, readList } from './published.js';

const clothes = ['', 'upper-body', 'lower-body', 'full-body'];
const poses = ['', 'front', 'side', 'back', 'zoom-out', 'zoom-in', 'stand-alone'];

const partition = 'list_eval_partition.txt';

/**
 * In-shop Clothes Retrieval of DeepFashion (Liu et al. 2016): `Eval/list_eval_partition.txt` (the number of images, a line of
 * names, then image, item, train/query/gallery), images `img/WOMEN/Dresses/id_00000002/02_1_front.jpg`. A class is an item.
 * Levels: `department`, `category`, `retrieval` (query or gallery), and with `Anno/list_bbox_inshop.txt` `clothes` and `pose`.
 */
export const inShop: PublishedLayout = {
  name: 'in-shop',
  title: 'In-shop Clothes Retrieval (DeepFashion)',
  files: `${partition} (or in Eval/) and img/ (or in Img/)`,
  folders: ['In-shop Clothes Retrieval Benchmark', 'In-shop_Clothes_Retrieval_Benchmark', 'In_shop Clothes Retrieval Benchmark'],
  recognise: async (root) => (await firstThere(root, [partition, `Eval/${partition}`])) !== undefined,
  async read(root) {
    const list = (await firstThere(root, [partition, `Eval/${partition}`])) as string;
    const folder = (await areThere(root, 'img')) || !(await areThere(root, 'Img')) ? '' : 'Img/';
    const looks = await readLooks(root);
    const lines = await readList(join(root, list), 3, 2);
    const images = lines.map(({ fields: [image, item, status], where }) => {
      const [, department = '', category = ''] = (image as string).split('/');
      return {
        file: `${folder}${image}`,
        className: item as string,
        group: item as string,
        part: status === 'train' ? ('train' as const) : ('heldOut' as const),
        levels: { department, category, ...sideOf(status as string, where), ...looks.get(image as string) },
      };
    });
    return { images, note: 'a class is an item; training items, and query and gallery of the others (level retrieval)' };
  },
};

function sideOf(status: string, where: string): { retrieval: string } {
  if (status === 'train' || status === 'query' || status === 'gallery') return { retrieval: status };
  throw new UserError({ what: 'unknown evaluation status', where, expected: 'train, query or gallery', found: status });
}

async function readLooks(root: string): Promise<ReadonlyMap<string, { clothes: string; pose: string }>> {
  const name = 'list_bbox_inshop.txt';
  const list = await firstThere(root, [name, `Anno/${name}`]);
  if (list === undefined) return new Map();
  const lines = await readList(join(root, list), 7, 2);
  return new Map(
    lines.map(({ fields: [image, type, pose] }) => [
      image as string,
      { clothes: clothes[Number(type)] ?? (type as string), pose: poses[Number(pose)] ?? (pose as string) },
    ]),
  );
}

async function firstThere(root: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await areThere(root, name)) return name;
  return undefined;
}
