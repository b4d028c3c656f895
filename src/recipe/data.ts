/** The keys of `data`: which images, how they are labelled, how they are split. */
import { z } from 'zod';
import { augmentSchema } from './augment.js';

export const dataSchema = z
  .strictObject({
    source: z
      .enum(['emoji', 'folder'])
      .default('emoji')
      .describe('emoji: built in, 1,594 classes; folder: your own photos, in class folders or by a table'),
    folder: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'where the photos lie (source: folder): a folder, or a table (.csv, .tsv, .jsonl), relative to where ft is called',
      ),
    classes: z.int().min(4).nullable().default(null).describe('emoji only: take this many classes, evenly spaced; null: all'),
    side: z.int().min(16).max(1024).default(128).describe('side in pixels that images are resized to'),
    layout: z
      .enum(['auto', 'folders', 'manifest', 'cub', 'cars', 'sop', 'in-shop', 'market-1501'])
      .default('auto')
      .describe(
        'how the photos say what they show: class folders, a table, or a published download; auto: recognised by its files',
      ),
    label: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        'column of the table, or level of the published set, that is taken as the class, e.g. coarse; null: the usual one',
      ),
    check: z
      .boolean()
      .default(true)
      .describe('look for copies, across the split too, and damage before training, as `ft data check --quick` does'),
    strict: z.boolean().default(false).describe('true: stop at the first image that cannot be read, instead of leaving it out'),
    workers: z
      .union([z.literal('auto'), z.int().min(0).max(64)])
      .default('auto')
      .describe('threads that decode and augment: auto, or 0 to 64'),
    split: z
      .enum(['class', 'image', 'group', 'manifest'])
      .default('class')
      .describe(
        'class: the scores are of classes never seen (retrieval); image: of unseen images of the same classes (classification); ' +
          'group: of unseen groups, e.g. persons or products; manifest: as the table says',
      ),
    heldOut: z
      .enum(['odd-classes', 'even-classes', 'share'])
      .default('odd-classes')
      .describe('which classes are never trained on and give the scores: every other of the sorted ones, or a seeded share'),
    share: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.2)
      .describe(
        'what is held out where heldOut is share, and of each class where split is image, of the groups where it is group',
      ),
    fold: z
      .strictObject({
        of: z.int().min(2).max(100).describe('number of folds'),
        take: z.int().min(0).describe('the fold that is held out, from 0'),
      })
      .nullable()
      .default(null)
      .describe('one of k folds is held out instead of heldOut; null: no folds'),
    validation: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.1)
      .describe('share of the training part kept for choosing (checkpoint, shrinkage, what is exported); 0: none'),
    augment: z
      .union([z.literal('none'), augmentSchema])
      .prefault({})
      .describe('how images are varied while training, or none'),
    augmentOn: z
      .enum(['auto', 'host', 'card'])
      .default('auto')
      .describe(
        'where augmented images are rendered; auto: in the step itself on an NVIDIA card, where the decoded images fit into its memory and all that augment asks for can be done there, else by threads of the processor; host: by those; card: on the card, or the run ends and says why not',
      ),
    views: z
      .int()
      .min(0)
      .max(1000)
      .default(0)
      .describe(
        'augmented views of each training image, which take turns over the epochs; what frozen layers make of a view is computed once. ' +
          '0: every epoch draws new ones',
      ),
  })
  .refine((data) => data.source === 'emoji' || data.classes === null, {
    path: ['classes'],
    message: 'null where source is folder (only the built-in emoji can be cut down to some classes)',
  });
