/** The single import of sharp, with its process-wide settings. */
import sharp from 'sharp';

// Many images are decoded side by side (libuv's pool), so one thread an image is fastest, and no image is read twice.
sharp.concurrency(1);
sharp.cache(false);

export { sharp };

/** Versions of the decoders: pixels decoded under other ones may differ in a grey level, so they are cached apart. */
export const imageLibraryVersion = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;
