/** The single import of sharp, with its process-wide settings. */
import { createRequire } from 'node:module';
import type Sharp from 'sharp';

// Through `require`: the ES module of sharp 0.35 is written in a syntax that Node 20.9 does not read.
const sharp = createRequire(import.meta.url)('sharp') as typeof Sharp;

// Many images are decoded side by side (libuv's pool), so one thread an image is fastest, and no image is read twice.
sharp.concurrency(1);
sharp.cache(false);

export { sharp };

/** Versions of the decoders: pixels decoded under other ones may differ in a grey level, so they are cached apart. */
export const imageLibraryVersion = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;
