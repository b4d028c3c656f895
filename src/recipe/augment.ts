/** The keys of `data.augment`: how images are varied while training. */
import { z } from 'zod';

const share = () => z.number().min(0).max(1);

const range = () =>
  z.tuple([z.number().positive(), z.number().positive()]).refine(([low, high]) => low <= high, {
    message: 'the smallest first, then the largest',
  });

export const augmentSchema = z.strictObject({
  flip: share().default(0).describe('share of the images that are mirrored left to right'),
  scale: range().default([0.9, 1.15]).describe('range of the zoom: below 1 crops in, above 1 zooms out'),
  aspect: z.number().min(0).max(1).default(0.05).describe('height and width are each stretched by up to e^±this'),
  rotation: z.number().min(0).max(180).default(10).describe('turned by up to this many degrees either way'),
  shift: z.number().min(0).max(1).default(0.08).describe('moved by up to this share of half the side'),
  colour: z.number().min(0).max(1).default(0.15).describe('how far brightness, contrast and saturation are varied'),
});
