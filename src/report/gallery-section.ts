import { type Html, html, shortName } from '../page/shell.js';
import type { HeldOut, QueryFigures, Vectors } from './input.js';
import { type Retrieved, retrieved } from './neighbours.js';
import type { Pictures } from './pictures.js';
import { type Section, section } from './section.js';
import { counted, figure, rowInWords, whole } from './words.js';

const SHOWN = 7;
const TYPICAL = 10;
const WORST = 8;
const THUMBNAIL = 112;

/** What a reader sees first: queries with their nearest images. Typical ones, then the worst. */
export async function gallerySections(
  vectors: Vectors,
  heldOut: HeldOut,
  queries: QueryFigures,
  pictures: Pictures,
  draw: () => number,
): Promise<Section[]> {
  const order = byQuality(queries);
  const typical = pickTypical(order, TYPICAL, heldOut, draw).map((image) => retrieved(vectors, heldOut.labels, image, SHOWN));
  const worst = pickWorst(vectors, heldOut, order, queries);
  const shown = [...typical, ...worst];
  const images = shown.flatMap(({ query, nearest, right }) => [
    query,
    ...nearest.map(({ image }) => image),
    ...(right === null ? [] : [right.image]),
  ]);
  const picture = await pictures.load(images, THUMBNAIL);
  const quality = new Map(queries.images.map((image, at) => [image, queries.mapAtR[at] as number]));
  const draw1 = (one: Retrieved, showRight: boolean) => row(one, heldOut, picture, quality.get(one.query), showRight);
  return [
    section(
      'gallery',
      'What it finds',
      html`A query, and the ${SHOWN} images nearest to it by ${rowInWords(vectors.row)}, with their cosine. The ${counted(typical.length, 'query', 'queries')} are drawn evenly from the best to the worst of all ${whole(queries.images.length)} (by MAP@R), so they show what is usual. <span class="good">✓</span> same class, <span class="bad">✗</span> another one.`,
      typical.map((one) => draw1(one, false)),
    ),
    section(
      'worst',
      'The worst queries',
      html`Those whose first right answer comes last${worst.length > 0 ? '' : ': there are none, every query has a right answer first'}. They are worth a look: a wrong label, a broken picture, or classes that cannot be told apart.`,
      worst.map((one) => draw1(one, true)),
    ),
  ];
}

/** Queries from the best to the worst: by MAP@R, then whether the first answer was right, then by index. */
function byQuality({ images, mapAtR, recallAt1 }: QueryFigures): number[] {
  const places = images.map((_, at) => at);
  places.sort(
    (a, b) => (mapAtR[b] as number) - (mapAtR[a] as number) || (recallAt1[b] as number) - (recallAt1[a] as number) || a - b,
  );
  return places.map((at) => images[at] as number);
}

/** One query of each of `count` equal parts of the order, of classes that differ where that is possible. */
export function pickTypical(order: readonly number[], count: number, { labels }: HeldOut, draw: () => number): number[] {
  const taken = new Set<number>();
  const parts = Math.min(count, order.length);
  return Array.from({ length: parts }, (_, part) => {
    const own = order.slice(Math.floor((part * order.length) / parts), Math.floor(((part + 1) * order.length) / parts));
    const start = Math.floor(draw() * own.length);
    const turned = [...own.slice(start), ...own.slice(0, start)];
    const image = (turned.find((one) => !taken.has(labels[one] as number)) ?? turned[0]) as number;
    taken.add(labels[image] as number);
    return image;
  });
}

const LOOKED = 60;

/** Of the queries with the lowest MAP@R and a wrong first answer, those whose right answer ranks last; one a class. */
function pickWorst(
  vectors: Vectors,
  { labels }: HeldOut,
  order: readonly number[],
  { images, recallAt1 }: QueryFigures,
): Retrieved[] {
  const right = new Set(images.filter((_, at) => recallAt1[at] === 1));
  const candidates = order.filter((image) => !right.has(image)).slice(-LOOKED);
  const ranked = candidates.map((image) => retrieved(vectors, labels, image, SHOWN)).filter((one) => one.right !== null);
  ranked.sort((a, b) => (b.right?.rank ?? 0) - (a.right?.rank ?? 0) || a.query - b.query);
  const taken = new Set<number>();
  return ranked
    .filter(({ query }) => {
      const label = labels[query] as number;
      return taken.has(label) ? false : taken.add(label);
    })
    .slice(0, WORST);
}

type Picture = (image: number, alt?: string) => Html;

function row(
  { query, nearest, right }: Retrieved,
  { labels, classes, files }: HeldOut,
  picture: Picture,
  mapAtR: number | undefined,
  showRight: boolean,
): Html {
  const label = (image: number) => classes[labels[image] as number] as string;
  const answer = (image: number, similarity: number, note: string | null = null) => {
    const same = labels[image] === labels[query];
    return html`<figure class="answer ${same ? 'right' : 'wrong'}">${picture(image, files[image])}<figcaption><span class="sign">${same ? '✓' : '✗'} ${figure(similarity)}</span>${note === null ? null : html` <b>${note}</b>`} ${same ? null : shortName(label(image))}</figcaption></figure>`;
  };
  return html`<div class="query card"><figure class="asked">${picture(query, files[query])}<figcaption><b>${shortName(label(query))}</b>${mapAtR === undefined ? null : html` <span>MAP@R ${figure(mapAtR)}</span>`}</figcaption></figure><div class="answers">${nearest.map(({ image, similarity }) => answer(image, similarity))}${showRight && right !== null && right.rank > nearest.length ? answer(right.image, right.similarity, `rank ${whole(right.rank)}`) : null}</div></div>`;
}
