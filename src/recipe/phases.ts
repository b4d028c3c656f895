/** The keys of the two training phases: what each has of its own, and the rates that both share. */
import { z } from 'zod';
import { contradictions, MINER_NAMES } from './variants.js';

const freezeSchema = z.union([
  z.strictObject({
    until: z
      .string()
      .min(1)
      .describe('freeze everything up to and including this stage or layer; none; all (the whole backbone)'),
  }),
  z.strictObject({ only: z.array(z.string().min(1)).min(1).describe('freeze exactly the stages, layers and globs listed') }),
]);

const weightDecay = () => z.number().min(0).max(1).default(5e-4).describe('of kernels; biases and BatchNorm have none');
const adamKeys = {
  beta1: z.number().min(0).lt(1).default(0.9).describe('how much of the mean gradient is kept at each step'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('how much of the mean squared gradient is kept at each step'),
  epsilon: z.number().positive().default(1e-8).describe('added to the root of the mean squared gradient'),
  weightDecay: weightDecay(),
};

const optimizerSchema = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('sgd'),
    momentum: z.number().min(0).lt(1).default(0.9).describe('share of the last update that is kept'),
    weightDecay: weightDecay(),
  }),
  z.strictObject({ name: z.literal('adam'), ...adamKeys }),
  z.strictObject({ name: z.literal('adamw'), ...adamKeys }),
]);

const warmUp = () =>
  z.number().min(0).max(1).default(0.1).describe('share of the steps over which the rate rises to its full height');

const scheduleSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant'), warmUp: warmUp() }),
  z.strictObject({
    name: z.literal('step'),
    every: z.number().positive().default(1).describe('epochs between two falls of the rate'),
    factor: z.number().positive().max(1).default(0.1).describe('what the rate is multiplied by at each fall'),
    warmUp: warmUp(),
  }),
  z.strictObject({ name: z.literal('cosine'), warmUp: warmUp() }),
]);

const multiplierSchema = z.strictObject({
  match: z.string().min(1).describe('a stage, a layer or a glob over layer names'),
  by: z.number().positive().describe('the rate of what matches is the base rate times this'),
});

const thawSchema = z.strictObject({
  epoch: z.int().min(2).describe('the epoch, counted from 1, from which on it holds'),
  until: z.string().min(1).describe('what is still frozen then: up to and including this stage or layer; none; all'),
});

const sharedKeys = (rate: number, newLayers: number) => ({
  evaluateEvery: z.int().min(0).default(1).describe('epochs between two looks at held-out Recall@1; 0: never'),
  freeze: freezeSchema
    .prefault({ until: 'conv3' })
    .describe('what is not trained: { until: stage or layer } or { only: [globs] }'),
  thaw: z
    .array(thawSchema)
    .default([])
    .describe('gradual unfreezing, e.g. [{ epoch: 2, until: conv4 }, { epoch: 3, until: conv3 }]: each thaws more'),
  batchNorm: z
    .enum(['frozen', 'train'])
    .default('frozen')
    .describe('the statistics of BatchNorm above the frozen part: kept, or moved'),
  rate: z.number().positive().max(100).default(rate).describe('learning rate of the highest layers of the backbone'),
  newLayers: z.number().positive().default(newLayers).describe('what the rate of the head is multiplied by'),
  multipliers: z
    .array(multiplierSchema)
    .default([])
    .describe('rates of parts: the first that matches a layer wins, also over decay and newLayers'),
  decay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('the rate is multiplied by this for each stage downwards from the highest'),
  optimizer: optimizerSchema.prefault({ name: 'sgd' }).describe('sgd, adam or adamw'),
  schedule: scheduleSchema.prefault({ name: 'cosine' }).describe('how the rate runs over the phase: constant, step or cosine'),
  ema: z
    .number()
    .gt(0)
    .lt(1)
    .nullable()
    .default(null)
    .describe('decay of a running average of the weights, e.g. 0.999, which is what is evaluated and kept; null: none'),
  patience: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('epochs without a better validation figure after which the phase ends; null: it never ends early'),
  clipNorm: z.number().positive().nullable().default(null).describe('largest norm of all gradients together; null: not clipped'),
});

const ANSWERS =
  'what is done when the network collapses; restart-smaller: again from the start with a tenth of the rate, at most twice';

const epochs = () => z.int().min(1).max(10_000).default(4).describe('times that every training image is seen');

const alpha = () => z.number().positive().max(100).nullable().default(null);

const mixSchema = z
  .strictObject({
    probability: z.number().min(0).max(1).default(1).describe('share of the batches that are mixed'),
    mixup: alpha().describe('α of the blended share, Beta(α, α), e.g. 0.2; null: no mixup'),
    cutmix: alpha().describe('α of the share that is cut out of the other image, Beta(α, α), e.g. 1; null: no CutMix'),
  })
  .refine(({ mixup, cutmix }) => mixup !== null || cutmix !== null, {
    message: 'an α for mixup or cutmix (or mix: null)',
  });

export const classificationSchema = z.strictObject({
  epochs: epochs(),
  batch: z.int().min(1).max(4096).default(32).describe('images a step'),
  dropout: z.number().min(0).lt(1).default(0.2).describe('share of the pooled features left out at each step'),
  labelSmoothing: z.number().min(0).lt(1).default(0).describe('share of each label that is spread over all classes'),
  sampler: z
    .enum(['shuffled', 'class-balanced'])
    .default('shuffled')
    .describe('shuffled: every image about once an epoch; class-balanced: every class equally often, small ones by repeats'),
  mix: mixSchema
    .nullable()
    .default(null)
    .describe('each image is mixed with another of its batch, and so is its label; null: not'),
  ...sharedKeys(2e-3, 10),
  onCollapse: z.enum(['stop', 'restart-smaller']).default('stop').describe(ANSWERS),
});

export const tripletSchema = z
  .strictObject({
    epochs: epochs(),
    classesPerBatch: z.int().min(2).max(512).default(16).describe('P of the P×K sampler: classes a step'),
    imagesPerClass: z.int().min(2).max(512).default(4).describe('K of the P×K sampler: images of each class'),
    sampler: z
      .enum(['cover', 'random', 'hierarchical'])
      .default('random')
      .describe(
        'cover: every image once an epoch where class sizes allow it; random: every class equally often; ' +
          'hierarchical: cover, and classes of one level meet in a batch',
      ),
    level: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('for the hierarchical sampler: column of the table that is coarser than the class; null: the only one'),
    levelShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('for the hierarchical sampler: share of the classes of a batch that are of one level'),
    margin: z.number().positive().max(4).default(0.2).describe('how much farther the negative shall be than the positive'),
    miner: z
      .enum(MINER_NAMES)
      .default('semi-hard')
      .describe(
        'which triplets are kept, semi-hard: d(a,p) < d(a,n) < d(a,p) + margin; or a whole loss: tfa, tfsim, pml, facenet, vggface',
      ),
    distance: z
      .enum(['euclidean', 'squared-euclidean', 'cosine'])
      .nullable()
      .default(null)
      .describe("between embeddings of unit length; null: euclidean, or the one that the miner's name stands for"),
    reduction: z
      .enum(['kept', 'non-zero'])
      .nullable()
      .default(null)
      .describe(
        "the loss is the mean over the kept triplets, or over those that cost something; null: kept, or what the miner's name stands for",
      ),
    ...sharedKeys(1e-2, 0.3),
    onCollapse: z
      .enum(['stop', 'restart-smaller', 'batch-easy'])
      .default('stop')
      .describe(`${ANSWERS}; batch-easy: once again from the start, with the easiest triplets in its first epoch`),
  })
  .superRefine((options, context) => {
    for (const { key, expected } of contradictions(options)) context.addIssue({ code: 'custom', path: [key], message: expected });
  });

export type ClassificationOptions = z.infer<typeof classificationSchema>;
export type TripletOptions = z.infer<typeof tripletSchema>;
/** What both phases share: what is frozen, the rates, the optimizer and its schedule. */
export type PhaseRates = Pick<
  ClassificationOptions,
  | 'freeze'
  | 'thaw'
  | 'batchNorm'
  | 'rate'
  | 'newLayers'
  | 'multipliers'
  | 'decay'
  | 'optimizer'
  | 'schedule'
  | 'clipNorm'
  | 'ema'
  | 'patience'
  | 'evaluateEvery'
  | 'epochs'
> & { readonly onCollapse: OnCollapse };
/** What is done when the network collapses. */
export type OnCollapse = TripletOptions['onCollapse'];
export type Freeze = z.infer<typeof freezeSchema>;
export type ThawStep = z.infer<typeof thawSchema>;
export type OptimizerOptions = z.infer<typeof optimizerSchema>;
export type ScheduleOptions = z.infer<typeof scheduleSchema>;
