import type { Info, ThresholdPoint } from './api.js';

/** A model as the server sees it: plain values, whoever computes. */
export interface ServedModel {
  readonly name: string;
  /** SHA-256 of weights and head. */
  readonly hash: string;
  /** The backbone it was made from. */
  readonly base: string;
  readonly dimensions: number;
  /** Images enter as side × side × 3 RGB bytes. */
  readonly side: number;
  readonly classes: readonly string[] | null;
  readonly scores: Info['scores'];
  /** By falling rate; empty where none is known. */
  readonly thresholds: readonly ThresholdPoint[];
}

/** What a model makes of one image. */
export interface Computed {
  /** Of unit length. */
  readonly embedding: Float32Array;
  /** One for each class; null without a classifier. */
  readonly probabilities: Float32Array | null;
}

/** Computes, in whatever thread. */
export interface Engine {
  /** Images a call that it has a graph for, rising; others are filled up to the next. Null: any number. */
  readonly sizes: readonly number[] | null;
  /** @param images side × side × 3 bytes each, at most the largest of `sizes` */
  run(images: readonly Uint8Array[]): Promise<readonly Computed[]>;
  /** Whether it can still compute; once it cannot, it never will again, and `run` throws. */
  alive(): boolean;
  close(): Promise<void>;
}
