/** The rows of a store as the server names and shows them. */
import { createHash } from 'node:crypto';
import { verdictOf } from '../search/nearest.js';
import type { StoredNeighbour, StoredRow } from '../stores/store.js';
import type { Answer, ClassProbability, ThresholdPoint, Verdict } from './api.js';

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 20);

/** The id of a gallery's image, by its path below the gallery's folder. */
export function imageId(file: string): string {
  return `i${digest(file)}`;
}

/** The id of an enrolled class. */
export function prototypeId(className: string): string {
  return `p${digest(className)}`;
}

/** Where a row's picture is served, from the server's root; null where there is none. */
export function pictureOf({ id, path }: Pick<StoredRow, 'id' | 'path'>): string | null {
  return path === null ? null : `pictures/${encodeURIComponent(id)}`;
}

export function answerOf(neighbour: StoredNeighbour, point: ThresholdPoint | null): Answer {
  const { id, file, class: className, kind, images, similarity } = neighbour;
  return {
    id,
    file,
    class: className,
    kind,
    images,
    similarity,
    distance: 1 - similarity,
    verdict: point === null ? null : (verdictOf(similarity, point) satisfies Verdict),
    picture: pictureOf(neighbour),
  };
}

/** The `top` likeliest classes, the likeliest first, equal ones in the classifier's order. */
export function likeliest(probabilities: Float32Array, classes: readonly string[], top: number): ClassProbability[] {
  return classes
    .map((name, at) => ({ class: name, probability: probabilities[at] as number }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top);
}
