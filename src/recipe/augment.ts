/** The keys of `data.augment`: how images are varied while training. */
import { z } from 'zod';

const share = () => z.number().min(0).max(1);

const range = () =>
  z.tuple([z.number().positive(), z.number().positive()]).refine(([low, high]) => low <= high, {
    message: 'the smallest first, then the largest',
  });

const shares = () =>
  z.tuple([z.number().positive().max(1), z.number().positive().max(1)]).refine(([low, high]) => low <= high, {
    message: 'the smallest first, then the largest',
  });

const operations = [
  'identity',
  'shear-x',
  'shear-y',
  'translate-x',
  'translate-y',
  'rotate',
  'brightness',
  'colour',
  'contrast',
  'sharpness',
  'posterize',
  'solarize',
  'auto-contrast',
  'equalize',
] as const;

const cropSchema = z.strictObject({
  area: shares().default([0.08, 1]).describe('range of its area, as a share of the image'),
  ratio: range().default([0.75, 1.3333]).describe('range of its width : height in the photo as it was'),
});

const randAugmentSchema = z.strictObject({
  operations: z.int().min(1).max(14).default(2).describe('how many are drawn for each view'),
  magnitude: z.number().min(0).max(30).default(9).describe('how strong they are, 0 to 30'),
  of: z
    .array(z.enum(operations))
    .min(1)
    .default([...operations])
    .describe('what may be drawn'),
});

const blurSchema = z.strictObject({
  probability: share().default(0.5).describe('share of the images that are blurred'),
  sigma: range().default([0.1, 2]).describe('range of its width σ, in pixels of the image as it is trained on'),
});

const eraseSchema = z.strictObject({
  probability: share().default(0.5).describe('share of the images in which a rectangle is erased'),
  area: shares().default([0.02, 0.33]).describe('range of its area, as a share of the image'),
  ratio: range().default([0.3, 3.3]).describe('range of its height : width'),
  fill: z.enum(['mean', 'black', 'noise']).default('mean').describe('what is put there; mean: the mean colour of the view'),
});

/** What is done comes in a fixed order: the geometry in one sampling, colours, RandAugment's colours, blur, erasing. */
export const augmentSchema = z.strictObject({
  flip: share().default(0).describe('share of the images that are mirrored left to right'),
  scale: range().default([0.9, 1.15]).describe('range of the zoom: below 1 crops in, above 1 zooms out'),
  aspect: z.number().min(0).max(1).default(0.05).describe('height and width are each stretched by up to e^±this'),
  rotation: z.number().min(0).max(180).default(10).describe('turned by up to this many degrees either way'),
  shift: z.number().min(0).max(1).default(0.08).describe('moved by up to this share of half the side'),
  colour: z.number().min(0).max(1).default(0.15).describe('how far brightness, contrast and saturation are varied'),
  flipVertical: share().default(0).describe('share of the images that are turned upside down'),
  crop: cropSchema
    .nullable()
    .default(null)
    .describe('a random part in place of the whole image, before zoom and rotation (usual from scratch on ImageNet); null: off'),
  hue: z.number().min(0).max(0.5).default(0).describe('the hue is turned by up to this share of the circle either way'),
  grey: share().default(0).describe('share of the images that are made grey'),
  randAugment: randAugmentSchema
    .nullable()
    .default(null)
    .describe('some operations from a list, all at one strength (Cubuk et al. 2019); null: off'),
  blur: blurSchema.nullable().default(null).describe('Gaussian blur; null: off'),
  erase: eraseSchema.nullable().default(null).describe('a rectangle is put over a part (Zhong et al. 2017); null: off'),
});
