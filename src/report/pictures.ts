import { type Html, html } from '../page/shell.js';
import { thumbnails } from '../page/thumbnail.js';
import type { HeldOut } from './input.js';

/** The held-out images as small pictures, and which of them could not be shown. */
export class Pictures {
  private readonly lost = new Set<number>();

  constructor(private readonly heldOut: HeldOut) {}

  /** Reads the thumbnails of some images; the function that comes back draws one of them, or a placeholder. */
  async load(images: Iterable<number>, size: number): Promise<(image: number, alt?: string) => Html> {
    const wanted = [...new Set(images)];
    const found = await thumbnails(
      wanted.map((image) => this.heldOut.paths[image] ?? ''),
      size,
    );
    const byImage = new Map(wanted.map((image, at) => [image, found[at] ?? null]));
    for (const [image, uri] of byImage) if (uri === null) this.lost.add(image);
    return (image, alt = this.heldOut.files[image] ?? '') => {
      const uri = byImage.get(image) ?? null;
      return uri === null
        ? html`<span class="gone" role="img" aria-label="${alt}: this image is gone">image gone</span>`
        : html`<img src="${uri}" alt="${alt}" title="${alt}" decoding="async">`;
    };
  }

  /** How many of the images asked for are gone or do not decode any more. */
  get gone(): number {
    return this.lost.size;
  }
}
