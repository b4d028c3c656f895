/**
 * The shapes of `ft serve`'s simple interface, as JSON. The server answers with them and the page reads them.
 *
 * Images go in as `multipart/form-data` (fields `image`, several allowed; `a` and `b` for /verify), as the bytes of one file
 * (`Content-Type: image/*`), or as JSON `{ "images": ["base64", …] }` (`{ "a": "base64", "b": "base64" }`).
 *
 * | request | answer |
 * | --- | --- |
 * | GET /info | Info |
 * | POST /embed | Embedded |
 * | POST /search?top=5&far=0.01 | Searched |
 * | POST /verify?far=0.01 | Verified |
 * | POST /classify?top=5 | Classified |
 * | POST /enrol?class=NAME | Enrolled |
 * | GET /enrol | Enrolled[] |
 * | DELETE /enrol?class=NAME | Enrolled |
 * | GET /thresholds | ThresholdPoint[], by falling rate |
 * | GET /map | MapPoint[] |
 * | GET /pictures/ID?side=132 | JPEG |
 * | GET /health/live, /health/ready, /health (the same as ready) | 200 or 503 |
 * | GET /metrics | Prometheus' text |
 * | GET /openapi.json, /docs | the description of all this |
 *
 * Beside them are TensorFlow Serving's: GET /v1/models/NAME, GET /v1/models/NAME/metadata, POST /v1/models/NAME:predict, each
 * also with /versions/1.
 */
export interface Info {
  readonly name: string;
  /** SHA-256 of weights and head: vectors of the same model can be compared. */
  readonly model: string;
  readonly base: string;
  readonly dimensions: number;
  readonly side: number;
  /** Of the classifier, where one was trained. */
  readonly classes: readonly string[] | null;
  readonly gallery: { readonly images: number; readonly enrolled: number } | null;
  /** The held-out scores of the exported row, each with a 95 % interval. */
  readonly scores: Readonly<Record<string, { readonly value: number; readonly low: number; readonly high: number }>> | null;
  readonly limits: { readonly bytes: number; readonly pixels: number; readonly images: number };
}

export interface Embedded {
  readonly model: string;
  readonly dimensions: number;
  /** Of unit length. */
  readonly embeddings: readonly (readonly number[])[];
}

/** A threshold for "the same" at a false-accept rate, calibrated on a run's held-out images, with 95 % intervals. */
export interface ThresholdPoint {
  /** The false-accept rate that was asked for. */
  readonly asked: number;
  /** Cosine from which on two images count as the same. */
  readonly threshold: number;
  readonly low: number;
  readonly high: number;
  /** What it accepts on the held-out images: of the pairs of two classes, and of one class. */
  readonly far: number;
  readonly tar: number;
  /** False where the pairs are too few for the rate: the threshold is then a lower bound. */
  readonly resolved: boolean;
}

export type Verdict = 'same' | 'not the same' | 'near the threshold';

export interface Answer {
  readonly id: string;
  readonly file: string;
  readonly class: string | null;
  readonly kind: 'image' | 'prototype';
  readonly images: number;
  readonly similarity: number;
  /** 1 − similarity. */
  readonly distance: number;
  /** null where no threshold is known. */
  readonly verdict: Verdict | null;
  /** Where its picture is served; null where there is none. */
  readonly picture: string | null;
}

export interface Searched {
  readonly threshold: ThresholdPoint | null;
  readonly queries: readonly {
    readonly answers: readonly Answer[];
    /** The classifier's, where one was trained; the likeliest first. */
    readonly classes: readonly ClassProbability[] | null;
    /** Where it lies on the map of /map, by its nearest images; null without a map. */
    readonly place: { readonly x: number; readonly y: number } | null;
  }[];
}

export interface Verified {
  readonly similarity: number;
  readonly distance: number;
  readonly same: boolean;
  readonly verdict: Verdict;
  readonly threshold: ThresholdPoint;
}

export interface ClassProbability {
  readonly class: string;
  readonly probability: number;
}

export interface Classified {
  readonly images: readonly (readonly ClassProbability[])[];
}

/** A class that was enrolled from photos: its prototype, the mean direction of their embeddings, is a row of the gallery. */
export interface Enrolled {
  readonly class: string;
  readonly images: number;
  /** The smallest and the mean cosine of its photos with the prototype; null where it was enrolled before this server began. */
  readonly agreement: { readonly smallest: number; readonly mean: number } | null;
  readonly picture: string | null;
}

export interface MapPoint {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly class: string | null;
  readonly file: string;
  readonly picture: string | null;
}

/** Every answer with a status from 400 on. `error` is one line, as TensorFlow Serving's. */
export interface ApiError {
  readonly error: string;
  readonly fault?: {
    readonly what: string;
    readonly where?: string;
    readonly expected?: string;
    readonly found?: string;
    readonly mend?: string;
  };
}
