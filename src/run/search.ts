import { realpathSync } from 'node:fs';
import type { Progress } from '../progress.js';
import { type Neighbour, nearest, type Verdict, verdictOf } from '../search/nearest.js';
import { type Threshold, thresholdOf } from './calibrated.js';
import { embedFiles } from './embed-queries.js';
import type { FinishedRun } from './finished.js';
import { type Gallery, openGallery } from './gallery.js';

export interface SearchOptions {
  /** Answers a query. */
  readonly top: number;
  /** The false-accept rate that the threshold is calibrated for; null: no threshold. */
  readonly far: number | null;
  /** Whether an image of the gallery that is the query itself counts as an answer. */
  readonly self: boolean;
}

export interface Answer extends Neighbour {
  readonly file: string;
  readonly class: string | null;
  /** Where the image lies; null where only its vector is known. */
  readonly path: string | null;
  readonly verdict: Verdict | null;
}

export interface SearchResult {
  readonly threshold: Threshold | null;
  readonly gallery: { readonly images: number; readonly dimensions: number };
  readonly queries: readonly { readonly query: string; readonly itself: string | null; readonly answers: readonly Answer[] }[];
}

/** The images of a gallery that are most alike to each query, by a finished run's model. */
export async function search(
  run: FinishedRun,
  queries: readonly string[],
  where: string,
  { top, far, self }: SearchOptions,
  progress: Progress,
): Promise<SearchResult> {
  // What is cheap and may fail comes before the gallery is embedded.
  const embedded = await embedFiles(run.model, queries);
  const threshold = far === null ? null : await thresholdOf(run, far);
  const gallery = await openGallery(run, where, progress);
  const { dimensions } = gallery;
  const files: ReadonlyMap<string, number> = self ? new Map() : rowsByFile(gallery);
  return {
    threshold,
    gallery: { images: gallery.files.length, dimensions },
    queries: queries.map((query, at) => {
      const own = files.get(realFile(query)) ?? -1;
      const vector = embedded.values.subarray(at * dimensions, (at + 1) * dimensions);
      const found = nearest(gallery.values, dimensions, vector, top, new Set(own < 0 ? [] : [own]));
      return {
        query,
        itself: own < 0 ? null : (gallery.files[own] as string),
        answers: found.map((neighbour) => ({
          ...neighbour,
          file: gallery.files[neighbour.row] as string,
          class: gallery.classes[neighbour.row] ?? null,
          path: gallery.paths?.[neighbour.row] ?? null,
          verdict: threshold && verdict(neighbour.similarity, threshold),
        })),
      };
    }),
  };
}

/** What a calibrated threshold says of a similarity. */
export function verdict(similarity: number, { threshold, interval }: Threshold): Verdict {
  return verdictOf(similarity, { threshold, low: interval.threshold.low, high: interval.threshold.high });
}

/** The row of each image of the gallery by the file that it really is, behind links; the first of several. */
function rowsByFile({ paths }: Gallery): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  paths?.forEach((path, row) => {
    const file = realFile(path);
    if (!rows.has(file)) rows.set(file, row);
  });
  return rows;
}

function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
