import { tf } from '../runtime/tensorflow.js';
import type { Miner } from './miner.js';
import { everyRow } from './positives.js';
import { validTriplets } from './valid-triplets.js';
import { withoutGradient } from './without-gradient.js';

/**
 * Every valid triplet: hard (`d(a,n) ≤ d(a,p)`), semi-hard and easy. With a mean over the non-zero terms this is "batch all" of
 * Hermans, Beyer, Leibe 2017 (In Defense of the Triplet Loss, §2); with a mean over the kept ones the easy triplets dilute it.
 * pytorch-metric-learning's `all` leaves out the easy ones; the non-zero mean is the same.
 */
export const all: Miner = (_distances, labels, _margin, positives = everyRow(labels)) =>
  withoutGradient(() => tf.cast(validTriplets(labels, positives.present), 'float32'));
