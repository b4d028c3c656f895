import { choose, UserError } from '../../src/errors.js';
import { type Contender, contender, type Precision } from './figures.js';
import { NETWORKS, type NetworkName } from './network-names.js';

export const KINDS = ['steps', 'phase', 'embed'] as const;
export type Kind = (typeof KINDS)[number];

/** How deep a network is frozen, as `until` takes it and in words. */
const DEPTHS = [
  { until: 'none', words: 'nothing' },
  { until: 'conv3', words: 'until conv3' },
  { until: 'conv4', words: 'until conv4' },
  { until: 'all', words: 'all but the head' },
] as const;
type Until = (typeof DEPTHS)[number]['until'];

/** Training steps on one batch. */
export interface StepCase {
  readonly kind: 'steps';
  readonly network: NetworkName;
  readonly until: Until;
  readonly batch: number;
  readonly side: number;
}

/** A whole classification phase, data included. */
export interface PhaseCase {
  readonly kind: 'phase';
  readonly network: 'resnet50-thin';
  readonly until: Until;
}

/** JPEG files to vectors, or no further than to pixels. */
export interface EmbedCase {
  readonly kind: 'embed';
  readonly to: 'vectors' | 'pixels';
  readonly network: 'resnet50-thin';
  readonly images: number;
}

export type Case = StepCase | PhaseCase | EmbedCase;

/** What a person chose on the command line; what is undefined is left to the benchmark. */
export interface Choice {
  readonly only?: string | undefined;
  readonly depths?: string | undefined;
  readonly kinds?: string | undefined;
  readonly batch?: string | undefined;
  readonly side?: string | undefined;
  readonly images?: string | undefined;
  /** All sizes at all depths, and more images. */
  readonly whole?: boolean | undefined;
}

const USUAL = { batch: 64, side: 128 };
const WHOLE = { batches: [64, 16], sides: [128, 224] };
const IMAGES = { usual: 2_000, whole: 10_000 };

const SHORT: ReadonlyMap<string, NetworkName> = new Map([
  ['thin', 'resnet50-thin'],
  ['lite0', 'efficientnet-lite0'],
  ...NETWORKS.map((name): [string, NetworkName] => [name, name]),
]);

/**
 * The cases that were chosen, in the order of the document. Of steps, where nothing else is said: every network at every depth with 64
 * images of 128 pixels, and one large case.
 * @throws UserError for a network, a depth or a kind that there is none of
 */
export function chosenCases(choice: Choice): Case[] {
  const network = choice.only === undefined ? undefined : choose(SHORT, choice.only, 'network', '--only');
  const kinds = someOf(KINDS, choice.kinds, 'kind', '--kinds');
  const depths = someOf(
    DEPTHS.map(({ until }) => until),
    choice.depths,
    'depth',
    '--depths',
  );
  const images = choice.images === undefined ? IMAGES[choice.whole ? 'whole' : 'usual'] : wholeNumber(choice.images, '--images');
  const all: Case[] = [
    ...stepCases(choice),
    { kind: 'phase', network: 'resnet50-thin', until: 'conv4' },
    { kind: 'phase', network: 'resnet50-thin', until: 'all' },
    { kind: 'embed', to: 'vectors', network: 'resnet50-thin', images },
    { kind: 'embed', to: 'pixels', network: 'resnet50-thin', images },
  ];
  return all.filter(
    (one) =>
      kinds.includes(one.kind) &&
      (network === undefined || one.network === network) &&
      (one.kind === 'embed' || depths.includes(one.until)),
  );
}

function stepCases({ batch, side, whole = false }: Choice): StepCase[] {
  const batches = batch === undefined ? (whole ? WHOLE.batches : [USUAL.batch]) : numbers(batch, '--batch');
  const sides = side === undefined ? (whole ? WHOLE.sides : [USUAL.side]) : numbers(side, '--side');
  const cases = NETWORKS.flatMap((network) =>
    sides.flatMap((pixels) =>
      batches.flatMap((images) =>
        DEPTHS.map(({ until }): StepCase => ({ kind: 'steps', network, until, batch: images, side: pixels })),
      ),
    ),
  );
  const large: StepCase = { kind: 'steps', network: 'resnet50', until: 'none', batch: 16, side: 224 };
  if (whole || batch !== undefined || side !== undefined) return cases;
  return [...cases, large];
}

/** The section of docs/performance.md that a case belongs to. */
function sectionOf(one: Case): string {
  return one.kind === 'steps' ? one.network : one.kind;
}

/** Cases by their section, in order. */
export function sections(cases: readonly Case[]): Map<string, Case[]> {
  const by = new Map<string, Case[]>();
  for (const one of cases) by.set(sectionOf(one), [...(by.get(sectionOf(one)) ?? []), one]);
  return by;
}

/** The first cell of a case's row. */
export function wordsOf(one: Case): string {
  if (one.kind === 'embed')
    return `${one.images.toLocaleString('en-US')} JPEG files${one.to === 'pixels' ? ', decoded alone' : ''}`;
  const { words } = DEPTHS.find(({ until }) => until === one.until) as (typeof DEPTHS)[number];
  if (one.kind === 'phase' || (one.batch === USUAL.batch && one.side === USUAL.side)) return words;
  return `${words}; batch ${one.batch}, ${one.side} px`;
}

/**
 * Who is measured on a case, in the order of its first round: each of ft's beside PyTorch's; Keras takes part where it was asked to,
 * in training steps in float32.
 */
export function contendersOf(one: Case, precisions: readonly Precision[], keras: boolean): Contender[] {
  const list: Contender[] = [];
  const computes = one.kind !== 'embed' || one.to === 'vectors';
  for (const precision of computes ? precisions : (['fp32'] as const)) {
    list.push(contender('ft', precision), contender('pytorch', precision));
    if (keras && one.kind === 'steps' && precision === 'fp32') list.push('keras fp32');
  }
  return list;
}

/** Those of a list that are named, comma between them, in the order of the list; all where none are. */
export function someOf<T extends string>(list: readonly T[], named: string | undefined, what: string, option: string): T[] {
  if (named === undefined) return [...list];
  const known = new Map(list.map((one) => [one as string, one]));
  const asked = named.split(',').map((one) => choose(known, one.trim(), what, option));
  return list.filter((one) => asked.includes(one));
}

function numbers(text: string, option: string): number[] {
  return text.split(',').map((one) => wholeNumber(one.trim(), option));
}

/** A whole number of at least `least`. @throws UserError where it is none */
export function wholeNumber(text: string, option: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new UserError({
    what: 'not a number that can be used',
    where: option,
    expected: `a whole number ≥ ${least}`,
    found: text,
  });
}
