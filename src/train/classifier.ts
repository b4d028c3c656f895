import { bootstrapMeans, type Interval } from '../evaluate/bootstrap.js';
import { calibration, type ReliabilityBin } from '../evaluate/calibration.js';
import { confusion, perClass, predictions, topK } from '../evaluate/classification.js';
import { seededResampler } from '../evaluate/resample.js';
import type { Head } from '../heads/head.js';
import { logits } from '../heads/project.js';
import type { Features } from './features.js';

/** How the classifier of phase 1 does on images that it never saw, of the classes that it learned. As `scores.json` holds it. */
export interface ClassifierScores {
  readonly images: number;
  /** Images of classes that the classifier does not know (a split by group may leave some): it cannot name them right. */
  readonly left_out: number;
  readonly classes: readonly string[];
  readonly top_1: number;
  /** Null where there are five classes or fewer. */
  readonly top_5: number | null;
  /** Mean of the classes' F1. */
  readonly macro_f1: number;
  /** Expected calibration error. */
  readonly ece: number;
  /** Mean −log of the probability of the right class. */
  readonly nll: number;
  readonly brier: number;
  readonly intervals: { readonly top_1: Interval };
  readonly per_class: readonly { class: string; precision: number; recall: number; f1: number; images: number }[];
  /** [truth][named]: images. */
  readonly confusion: readonly (readonly number[])[];
  readonly reliability: readonly ReliabilityBin[];
}

/** A classifier: its head, and the class of the data set that each of its outputs stands for. */
export interface Classifier {
  readonly head: Head;
  readonly classes: readonly number[];
}

/** What a classifier said of each image whose class it knows. */
export interface ClassifierAnswers {
  /** Which image, counted among those that were asked. */
  readonly rows: readonly number[];
  /** The name it gave. */
  readonly named: readonly string[];
  readonly right: readonly boolean[];
}

const RESAMPLES = 2000;

/** Scores of a classifier on the features of images; `nameOf` gives a class its name. */
export function scoreClassifier(
  { head, classes }: Classifier,
  features: Features,
  nameOf: (number: number) => string,
  seed: number,
): ClassifierScores {
  const { values, truth } = ofKnownClasses(classes, features);
  const scores = logits(values, head);
  const named = predictions(scores, classes.length);
  const counts = confusion(truth, named, classes.length);
  const figures = perClass(counts);
  const [top1, top5] = topK(scores, truth, classes.length, [1, 5]) as [number, number];
  const right = Float64Array.from(named, (output, image) => (output === truth[image] ? 1 : 0));
  const { ece, nll, brier, bins } = calibration(scores, truth, classes.length);
  const names = classes.map(nameOf);
  return {
    images: truth.length,
    left_out: features.labels.length - truth.length,
    classes: names,
    top_1: top1,
    top_5: classes.length > 5 ? top5 : null,
    macro_f1: figures.macro.f1,
    ece,
    nll,
    brier,
    intervals: { top_1: bootstrapMeans([right], seededResampler(seed), RESAMPLES)[0] as Interval },
    per_class: figures.classes.map(({ precision, recall, f1, support }, output) => ({
      class: names[output] as string,
      precision,
      recall,
      f1,
      images: support,
    })),
    confusion: names.map((_, output) => [...counts.counts.subarray(output * names.length, (output + 1) * names.length)]),
    reliability: bins,
  };
}

/** The answers behind the scores, image by image. */
export function answersOf(
  { head, classes }: Classifier,
  features: Features,
  nameOf: (number: number) => string,
): ClassifierAnswers {
  const { rows, values, truth } = ofKnownClasses(classes, features);
  const named = predictions(logits(values, head), classes.length);
  return {
    rows: [...rows],
    named: Array.from(named, (output) => nameOf(classes[output] as number)),
    right: Array.from(named, (output, image) => output === truth[image]),
  };
}

/** Share of the images that a classifier names right; null where there are none. */
export function accuracyOf({ head, classes }: Classifier, features: Features): number | null {
  const { values, truth } = ofKnownClasses(classes, features);
  return truth.length === 0 ? null : (topK(logits(values, head), truth, classes.length, [1])[0] as number);
}

/** The features of the images whose class the classifier knows, and the output that stands for it. */
function ofKnownClasses(
  classes: readonly number[],
  { values, labels, dimensions }: Features,
): { rows: Int32Array; values: Float32Array; truth: Int32Array } {
  const outputs = new Map(classes.map((number, output) => [number, output]));
  const known = Int32Array.from(labels.keys()).filter((image) => outputs.has(labels[image] as number));
  const truth = known.map((image) => outputs.get(labels[image] as number) as number);
  if (known.length === labels.length) return { rows: known, values, truth };
  const kept = new Float32Array(known.length * dimensions);
  known.forEach((image, at) => kept.set(values.subarray(image * dimensions, (image + 1) * dimensions), at * dimensions));
  return { rows: known, values: kept, truth };
}
