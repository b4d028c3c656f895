import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { areThere, type PublishedImage, type PublishedLayout } from './published.js';

/** Person, camera, sequence, frame and box: `0002_c1s1_000451_03.jpg`. */
const convention = /^(-1|\d{4})_c(\d+)s(\d+)_(\d+)_(\d+)\.jpe?g$/i;

const sides = [
  ['bounding_box_train', 'train'],
  ['query', 'query'],
  ['bounding_box_test', 'gallery'],
] as const;

/**
 * Market-1501 (Zheng et al. 2015). All is in the names of the images: a class is a person, the group the camera, because the
 * protocol leaves a query's own camera out. Training and test share no person. Levels: `retrieval` (train, query or gallery)
 * and `sequence`. `-1` is junk that the protocol leaves out; `0000` are distractors, boxes of nobody: as a class they would
 * be one person of many faces, so both are counted and left out.
 */
export const market1501: PublishedLayout = {
  name: 'market-1501',
  title: 'Market-1501',
  files: 'bounding_box_train/, bounding_box_test/ and query/',
  folders: ['Market-1501-v15.09.15', 'Market-1501', 'market1501'],
  recognise: (root) => areThere(root, ...sides.map(([folder]) => folder)),
  async read(root) {
    const images: PublishedImage[] = [];
    const leftOut: { file: string; kind: string }[] = [];
    for (const [folder, retrieval] of sides) {
      for (const name of (await readdir(join(root, folder))).sort()) {
        const file = `${folder}/${name}`;
        const [, person, camera, sequence] = convention.exec(name) ?? [];
        if (person === '-1') leftOut.push({ file, kind: 'junk image (-1), which the protocol leaves out' });
        else if (person === '0000') leftOut.push({ file, kind: 'distractor image (0000), which shows nobody' });
        else if (person !== undefined) {
          images.push({
            file,
            className: person,
            group: `camera ${camera}`,
            part: retrieval === 'train' ? 'train' : 'heldOut',
            levels: { retrieval, sequence: sequence as string },
          });
        }
      }
    }
    return { images, leftOut, note: 'a class is a person, the group its camera; level retrieval: train, query, gallery' };
  },
};
