import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { Network, Preprocessing } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { NamedTensors } from '../weights/named-tensor.js';
import { type OpenedWeights, openWeights } from '../weights/open.js';
import { assemble } from './assemble.js';
import { type Fit, fitsOf, withoutPrefix } from './fit.js';
import { MINUS_ONE_TO_ONE } from './layout.js';

/** A network out of a file, and how it was recognised. */
export interface FromFile {
  readonly network: Network;
  readonly format: string;
  /** The known network that the weights belong to; null for one of its own. */
  readonly fit: Fit | null;
  /** The weights under their publisher's names, where it is a known network. */
  readonly tensors: NamedTensors | null;
}

export interface FromFileOptions {
  /** Only this network is looked for. */
  readonly variant?: string;
  readonly progress: Progress;
  readonly classifier?: boolean;
}

/** What the input of a graph is taken to be that does not say it. */
const GUESS: Preprocessing = MINUS_ONE_TO_ONE;

/**
 * A network of a file of weights in any format: a known one where its tensors fit one, name by name and shape by shape; else the one that
 * the file itself describes, its stages by resolution.
 * @throws UserError where neither is the case, with the difference to the nearest known network
 */
export async function networkFromFile(
  path: string,
  { variant, progress, classifier = false }: FromFileOptions,
): Promise<FromFile> {
  const opened = await openWeights(path);
  const known = opened.tensors === null ? null : fromTensors(opened, path, { variant, progress, classifier });
  if (known !== null) return known;
  if (variant !== undefined) throw notOf(variant, opened, path);
  if (opened.network === null) throw unknown(opened, path);
  progress.line(
    `${basename(path)}: a network that ft does not know by name; input taken as (rgb − 127.5) / 127.5 where it does not say it, stages by resolution`,
  );
  return {
    network: await opened.network({ name: `file:${path}`, preprocessing: GUESS }),
    format: opened.format,
    fit: null,
    tensors: null,
  };
}

function fromTensors(
  { tensors, format }: OpenedWeights,
  path: string,
  { variant, progress, classifier }: { variant: string | undefined; progress: Progress; classifier: boolean },
): FromFile | null {
  const bare = withoutPrefix(tensors ?? new Map());
  const [best, second] = fitsOf(bare, variant === undefined ? undefined : [variant]).filter((fit) => fit.whole);
  if (best === undefined) return null;
  if (second !== undefined && second.variant !== best.variant)
    progress.line(
      `${basename(path)} fits ${second.variant.name} as well as ${best.variant.name}, which it is taken for: name it where that is wrong`,
    );
  const network = assemble(best.variant, best.layout, bare, { where: basename(path), classifier: classifier && best.classifier });
  return { network, format, fit: best, tensors: bare };
}

function notOf(variant: string, opened: OpenedWeights, path: string): Error {
  const [nearest] = opened.tensors === null ? [] : fitsOf(withoutPrefix(opened.tensors), [variant]);
  if (nearest === undefined)
    return new UserError({ where: path, what: `these are not the weights of ${variant}`, mend: `ft weights inspect ${path}` });
  return thrown(() =>
    assemble(nearest.variant, nearest.layout, withoutPrefix(opened.tensors ?? new Map()), { where: basename(path) }),
  );
}

function unknown({ tensors, format }: OpenedWeights, path: string): Error {
  const bare = withoutPrefix(tensors ?? new Map());
  const [nearest] = fitsOf(bare);
  if (nearest === undefined)
    return new UserError({
      where: path,
      what: 'no network that ft knows has such weights, and the file does not describe one',
      found: `${format}, ${bare.size} tensors, such as ${[...bare.keys()].slice(0, 4).join(', ')}`,
      mend: 'export the whole model: ONNX, .keras, a SavedModel or a tfjs model',
    });
  return thrown(() => assemble(nearest.variant, nearest.layout, bare, { where: basename(path) }));
}

/** What a call throws, which is known to. */
function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was known to throw');
}
