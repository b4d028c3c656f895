import { choose, UserError } from '../../src/errors.js';
import { NETWORKS, type NetworkName } from './networks.js';

/** One frozen depth of one network, as `until` takes it and in words. */
export interface Case {
  readonly network: NetworkName;
  readonly until: string;
  readonly words: string;
}

/** How deep a network is frozen, as `until` takes it and in words. */
const DEPTHS = [
  { until: 'none', words: 'nothing' },
  { until: 'conv3', words: 'until conv3' },
  { until: 'conv4', words: 'until conv4' },
  { until: 'all', words: 'all but the head' },
] as const;

const CASES: readonly Case[] = NETWORKS.flatMap((network) => DEPTHS.map((depth) => ({ network, ...depth })));

const SHORT: ReadonlyMap<string, NetworkName> = new Map([
  ['thin', 'resnet50-thin'],
  ['lite0', 'efficientnet-lite0'],
  ...NETWORKS.map((name): [string, NetworkName] => [name, name]),
]);

/**
 * The cases of `--only` and `--depths`; all where they are not given.
 * @throws UserError for a network or a depth that there is none of
 */
export function chosenCases(only: string | undefined, depths: string | undefined): Case[] {
  const network = only === undefined ? undefined : choose(SHORT, only, 'network', '--only');
  const cases = CASES.filter((one) => network === undefined || one.network === network);
  if (depths === undefined) return cases;
  const known = new Map(cases.map(({ until }) => [until, until]));
  const asked = depths.split(',').map((depth) => choose(known, depth.trim(), 'depth', '--depths'));
  return cases.filter(({ until }) => asked.includes(until));
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
