/** Sets the classifiers of two sides of runs against each other: their single figures, and image by image what each named. */
import { bootstrapDifference, type Difference } from '../evaluate/bootstrap.js';
import { type ComparedImage, keyOf, type Side } from './compare-sides.js';
import type { SeedDifference, Spread } from './over-seeds.js';
import type { RunResults } from './run-results.js';
import { classifierOver } from './seeds.js';

/** How one figure of two classifiers compares. */
export interface FigureComparison {
  readonly reference: Spread;
  readonly compared: Spread;
  /** Over the images, of accuracy alone; null for other figures, and where a run did not keep its answers. */
  readonly overImages: Difference | null;
  readonly overSeeds: (SeedDifference & { readonly verdict: Difference['verdict'] }) | null;
}

/** An image that one side names right more often. */
export interface AnswerDifference extends ComparedImage {
  /** Whether it is named right; a share of the seeds where there are several. */
  readonly right: { readonly reference: number; readonly compared: number };
  /** What each called it; of several seeds the first. */
  readonly named: { readonly reference: string; readonly compared: string };
}

export interface ClassifierComparison {
  /** By name: `top_1`, `macro_f1`, …; of `ece`, `nll` and `brier` less is better. */
  readonly figures: Readonly<Record<string, FigureComparison>>;
  /** Named right by the compared side alone, and by the reference alone; null where a run did not keep its answers. */
  readonly answers: { readonly gained: readonly AnswerDifference[]; readonly lost: readonly AnswerDifference[] } | null;
}

/** What a side's classifiers said of an image. */
interface Answer {
  readonly image: ComparedImage;
  readonly right: number;
  readonly named: string;
}

/** Null where a run of either side has no classifier that was scored. */
export async function compareClassifiers(
  reference: Side,
  compared: Side,
  overSeeds: (a: readonly number[], b: readonly number[]) => FigureComparison['overSeeds'],
  seed: number,
): Promise<ClassifierComparison | null> {
  const [own, other] = [classifierOver(reference.runs), classifierOver(compared.runs)];
  if (own === null || other === null) return null;
  const [before, after] = [await answersOver(reference.runs), await answersOver(compared.runs)];
  const pairs = before === null || after === null ? null : pairsOf(before, after);
  const overImages =
    pairs === null || pairs.length === 0
      ? null
      : bootstrapDifference(
          pairs.map(([a]) => a.right),
          pairs.map(([, b]) => b.right),
          { seed },
        );
  const names = Object.keys(own).filter((name) => other[name] !== undefined);
  const figures = names.map((name): [string, FigureComparison] => {
    const [a, b] = [own[name] as Spread, other[name] as Spread];
    return [
      name,
      {
        reference: a,
        compared: b,
        overImages: name === 'top_1' ? overImages : null,
        overSeeds: overSeeds(a.values, b.values),
      },
    ];
  });
  return { figures: Object.fromEntries(figures), answers: pairs === null ? null : differing(pairs) };
}

/** Each image with the mean over the runs; null where one of them did not keep its answers. */
async function answersOver(runs: readonly RunResults[]): Promise<Map<string, Answer> | null> {
  const all = await Promise.all(runs.map(answersOf));
  const found = all.filter((one) => one !== null);
  if (found.length < all.length) return null;
  const keys = new Set(found.flatMap((one) => [...one.keys()]));
  return new Map(
    [...keys].map((key) => {
      const those = found.flatMap((one) => one.get(key) ?? []);
      return [key, { ...(those[0] as Answer), right: those.reduce((sum, { right }) => sum + right, 0) / those.length }];
    }),
  );
}

async function answersOf(run: RunResults): Promise<Map<string, Answer> | null> {
  const stored = await run.answers();
  const { heldOut } = run;
  if (stored === null || heldOut === null) return null;
  return new Map(
    stored.rows.flatMap((row, at): [string, Answer][] => {
      const image = heldOut[row];
      if (image === undefined) return [];
      return [[keyOf(image), { image, right: stored.right[at] ? 1 : 0, named: stored.named[at] as string }]];
    }),
  );
}

function pairsOf(before: ReadonlyMap<string, Answer>, after: ReadonlyMap<string, Answer>): [Answer, Answer][] {
  return [...before].flatMap(([key, answer]): [Answer, Answer][] => {
    const other = after.get(key);
    return other === undefined ? [] : [[answer, other]];
  });
}

function differing(pairs: readonly [Answer, Answer][]): ClassifierComparison['answers'] {
  const all = pairs.map(
    ([a, b]): AnswerDifference => ({
      file: a.image.file,
      class: a.image.class,
      path: a.image.path,
      right: { reference: a.right, compared: b.right },
      named: { reference: a.named, compared: b.named },
    }),
  );
  const gain = ({ right }: AnswerDifference) => right.compared - right.reference;
  return {
    gained: all.filter((image) => gain(image) > 0).sort((a, b) => gain(b) - gain(a)),
    lost: all.filter((image) => gain(image) < 0).sort((a, b) => gain(a) - gain(b)),
  };
}
