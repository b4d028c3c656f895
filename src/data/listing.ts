import { open } from 'node:fs/promises';
import { headBytes, insideReason, isDecoded, kindOfContent, kindOfName } from './content-kind.js';
import type { LabelledImage, PassedOver, Skipped } from './dataset.js';
import { cameraRaws, extensionOf, otherFiles, unreadablePictures } from './extensions.js';
import { systemReason } from './system-reason.js';

/** An image that a folder or a table names, before its bytes have been read. */
export type Listed = Omit<LabelledImage, 'sha256'>;

/** What a reader of a folder or a table found. Every file is in one of the three, or in a note. */
export interface Listing {
  readonly images: readonly Listed[];
  readonly skipped: readonly Skipped[];
  readonly passedOver: readonly PassedOver[];
  readonly notes: readonly string[];
}

/** Counts what is passed over, by kind. */
export class PassedOverCounts {
  private readonly kinds = new Map<string, { count: number; example: string }>();

  add(kind: string, example: string): void {
    const known = this.kinds.get(kind);
    if (known === undefined) this.kinds.set(kind, { count: 1, example });
    else known.count++;
  }

  /** The kinds, most files first. */
  list(): PassedOver[] {
    return [...this.kinds].map(([kind, { count, example }]) => ({ kind, count, example })).sort((a, b) => b.count - a.count);
  }
}

/** How a file is treated: as an image, as a picture that cannot be used, or as something else. */
export type Verdict =
  | { readonly is: 'image' }
  | { readonly is: 'skipped'; readonly reason: string }
  | { readonly is: 'other'; readonly kind: string };

const image: Verdict = { is: 'image' };

/**
 * Whether a file is taken for an image. A name that promises one is believed here: the content is compared when it is read
 * anyway. Other names are opened, because photos lose their extension or get a wrong one on the way (`IMG_1.jpg_large`).
 */
export async function judgeFile(path: string, file: string): Promise<Verdict> {
  const extension = extensionOf(file);
  if (kindOfName(extension) !== undefined) return image;
  if (cameraRaws.has(extension)) {
    return {
      is: 'skipped',
      reason: `.${extension} is a camera's raw file, which is not decoded here: convert it to JPEG or PNG`,
    };
  }
  const kindWord = extension === '' ? 'file without an extension' : `.${extension} file`;
  if (otherFiles.has(extension)) return { is: 'other', kind: kindWord };
  const unreadable = { is: 'skipped', reason: `.${extension} cannot be decoded here: convert it to JPEG or PNG` } as const;
  let head: Uint8Array;
  try {
    head = await readHead(path);
  } catch (error) {
    return { is: 'skipped', reason: systemReason(error) };
  }
  const kind = kindOfContent(head);
  if (kind !== undefined && isDecoded(kind)) {
    // TIFF's four bytes begin many scientific files too, and SVG's element stands in other markup.
    return extension === '' || unreadablePictures.has(extension) || (kind !== 'TIFF' && kind !== 'SVG')
      ? image
      : { is: 'other', kind: kindWord };
  }
  if (unreadablePictures.has(extension)) return unreadable;
  switch (kind) {
    case 'HEIC':
    case 'JPEG XL':
    case 'JPEG 2000':
    case 'PSD':
      return { is: 'skipped', reason: insideReason(kind, extension) };
    default:
      return { is: 'other', kind: kindWord };
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
