/**
 * What a recipe may say. Every key has a meaning (`describe`) and a default, so that an empty file is a whole recipe, editors can
 * show both, and `ft recipes new` can write them out. Keys that are not listed here are faults.
 */
import { z } from 'zod';
import { EXPORT_FORMATS } from '../formats.js';
import { dataSchema } from './data.js';
import { classificationSchema, tripletSchema } from './phases.js';
import { trackSchema } from './track.js';

const share = () => z.number().min(0).max(1);

const backboneSchema = z.strictObject({
  name: z.string().min(1).default('resnet50-thin').describe('a backbone that `ft weights list` names'),
  upTo: z.string().min(1).nullable().default(null).describe('last layer that is used; null: the whole backbone'),
  from: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('file of weights in any format (`ft weights inspect FILE`), or folder of the published files; null: the cache'),
});

const headSchema = z.strictObject({
  dimensions: z.int().min(2).max(4096).default(128).describe('length of the embedding'),
  init: z
    .enum(['learned-whitening', 'pca', 'random'])
    .default('learned-whitening')
    .describe('how the embedding head starts: fitted in closed form on the training features, or random'),
  refit: z
    .enum(['learned-whitening', 'none'])
    .default('learned-whitening')
    .describe('fit the head once more on the features that the triplet phase leaves'),
  shrinkage: z
    .array(share())
    .min(1)
    .default([0.1, 0.3])
    .describe('how far the within-class covariance is shrunk to its mean diagonal; several: validation chooses'),
});

const exportSchema = z.strictObject({
  formats: z.array(z.enum(EXPORT_FORMATS)).default(['savedmodel']).describe('what is exported at the end of a run'),
  report: z.boolean().default(true).describe('whether the run ends with its page, report.html'),
});

/** A recipe after `extends` and `--set` have been worked in. */
export const recipeSchema = z
  .strictObject({
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(0)
      .describe('of everything that is drawn at random'),
    engine: z
      .enum(['traced', 'eager'])
      .default('traced')
      .describe('traced: each phase is one TensorFlow graph; eager: the slow reference'),
    precision: z
      .enum(['fp32', 'bf16', 'auto'])
      .default('fp32')
      .describe(
        'in what convolutions compute while training; bf16: faster on processors with AMX or AVX512-BF16 and on GPUs; weights, losses and scores stay fp32; auto: whichever this machine is faster in',
      ),
    frozenMaps: z
      .enum(['fp32', 'bf16', 'off'])
      .default('fp32')
      .describe(
        'what frozen layers make of an image, or of one of data.views, is computed once and kept on disk: fp32 exactly, bf16 in half the room, or off',
      ),
    checkpoint: z
      .enum(['off', 'stage'])
      .default('off')
      .describe(
        'stage: of a trained stage the map that it is given is kept and its other maps are computed once more on the way back: less memory for more arithmetic (activation checkpointing)',
      ),
    xla: z
      .boolean()
      .default(false)
      .describe(
        'whether XLA compiles each training step whole: for cards and long trainings, the first step takes from seconds to minutes; on a processor it is slower',
      ),
    stepsPerCall: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe(
        'training steps that run in one call, by a loop inside the graph: for cards, where a call and a copy cost time; a checkpoint and Ctrl-C wait for the end of a call',
      ),
    device: z
      .enum(['auto', 'cpu', 'gpu'])
      .default('auto')
      .describe(
        'auto: an NVIDIA card where one is there and TensorFlow for cards is set up, else the processor; FT_DEVICE comes first',
      ),
    deterministic: z
      .boolean()
      .default(false)
      .describe('whether a card gives the same weights to the last bit every time, which is slower; a processor does so anyway'),
    devices: z
      .array(z.int().min(0).max(63))
      .min(1)
      .max(16)
      .nullable()
      .default(null)
      .describe(
        'numbers of the NVIDIA cards of this machine that each step is spread over, e.g. [0, 1], as nvidia-smi counts them; a batch divides evenly among them, and is one batch for loss, miner and statistics; null: one card',
      ),
    threads: z.int().min(1).max(1024).nullable().default(null).describe('threads of TensorFlow; null: all'),
    backbone: backboneSchema.prefault({}).describe('the network that is fine-tuned'),
    data: dataSchema.prefault({}).describe('the images'),
    head: headSchema.prefault({}).describe('the layer that makes embeddings of the pooled features'),
    classification: classificationSchema
      .nullable()
      .prefault({})
      .describe('phase 1: a classifier of the training classes; null: left out'),
    triplet: tripletSchema.nullable().prefault({}).describe('phase 2: an embedding trained with triplets; null: left out'),
    export: exportSchema.prefault({}).describe('what comes out'),
    track: trackSchema.prefault({}).describe('where a run is shown while it goes on'),
  })
  .refine(({ engine, precision }) => engine === 'traced' || precision !== 'bf16', {
    path: ['precision'],
    message: 'fp32 where engine is eager (bf16 is a pass over the traced graph)',
  })
  .refine(({ engine, xla }) => engine === 'traced' || !xla, {
    path: ['xla'],
    message: 'false where engine is eager (XLA compiles the traced graph)',
  })
  .refine(({ checkpoint, xla }) => checkpoint === 'off' || !xla, {
    path: ['checkpoint'],
    message: 'off where xla is true (XLA computes what is alike once, so that nothing is spared: docs/gpu.md)',
  })
  .refine(({ devices, xla }) => (devices?.length ?? 1) === 1 || !xla, {
    path: ['xla'],
    message: 'false where devices are several (a compiled step runs on one card)',
  })
  .refine(({ engine, devices, stepsPerCall }) => stepsPerCall === 1 || (engine === 'traced' && (devices?.length ?? 1) === 1), {
    path: ['stepsPerCall'],
    message: '1 where engine is eager or devices are several (the loop is in a graph on one device)',
  })
  .refine(({ devices }) => devices === null || new Set(devices).size === devices.length, {
    path: ['devices'],
    message: 'each card once',
  })
  .refine(({ engine, devices }) => engine === 'traced' || (devices?.length ?? 1) === 1, {
    path: ['devices'],
    message: 'one card where engine is eager (a traced graph alone is spread over several)',
  });

/** What a file may hold: a recipe's keys, or some of them, and the recipe that gives the rest. */
export const recipeFileSchema = z.strictObject({
  extends: z.string().min(1).optional().describe('the recipe that gives every key not named here: a name in recipes/, or a path'),
  ...recipeSchema.shape,
});

export type Recipe = z.infer<typeof recipeSchema>;
export type DataOptions = Recipe['data'];
export type AugmentOptions = Exclude<DataOptions['augment'], 'none'>;
export type HeadOptions = Recipe['head'];
export type BackboneOptions = Recipe['backbone'];
export type ExportFormat = Recipe['export']['formats'][number];
export type {
  ClassificationOptions,
  Freeze,
  OnCollapse,
  OptimizerOptions,
  PhaseRates,
  ScheduleOptions,
  TripletOptions,
} from './phases.js';
