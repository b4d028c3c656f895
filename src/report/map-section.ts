import { type Html, html } from '../page/shell.js';
import type { HeldOut } from './input.js';
import type { Layout, Plane } from './layout.js';
import type { Pictures } from './pictures.js';
import { type Section, section } from './section.js';
import { counted, percent, whole } from './words.js';

const THUMBNAIL = 44;

/**
 * Two maps of some held-out images, each image a picture at its place. The choice between them is two radio buttons, so that
 * it needs no script.
 */
export async function mapSection(layout: Layout, { labels, classes, files }: HeldOut, pictures: Pictures): Promise<Section> {
  const { images, pca, umap, explained } = layout;
  const picture = await pictures.load(images, THUMBNAIL);
  const shown = new Set(images.map((image) => labels[image])).size;
  const map = (kind: string, { points, aspect }: Plane): Html =>
    html`<div class="map ${kind}" style="aspect-ratio:${aspect.toFixed(3)}" role="img" aria-label="map of ${images.length} images by ${kind}">${images.map(
      (image, at) => {
        const [x, y] = points[at] as readonly [number, number];
        return html`<span style="left:${(x * 100).toFixed(2)}%;top:${((1 - y) * 100).toFixed(2)}%" title="${classes[labels[image] as number]}">${picture(image, files[image])}</span>`;
      },
    )}</div>`;
  const part =
    images.length < labels.length
      ? `${counted(images.length, 'image')} of ${counted(shown, 'class', 'classes')}, drawn whole class by whole class from ${whole(labels.length)} held-out images`
      : `All ${whole(images.length)} held-out images`;
  return section(
    'map',
    'A map',
    html`${part}, each at its place in the plane. Near pictures have near embeddings; the axes mean nothing by themselves. UMAP keeps neighbourhoods, not distances; the two principal components keep ${percent(explained)} of the variance.`,
    html`<div class="maps">${umap === null ? map('pca', pca) : html`<input type="radio" name="map" id="map-umap" checked><label for="map-umap">UMAP</label><input type="radio" name="map" id="map-pca"><label for="map-pca">Principal components</label>${map('umap', umap)}${map('pca', pca)}`}</div>`,
  );
}
