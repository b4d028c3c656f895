import type { NamedTensor, NamedTensors } from '../weights/named-tensor.js';
import { variants } from './families.js';
import { unplaced, type Variant } from './family.js';
import { type Layout, presentNames } from './layout.js';
import { fits, publishedShape } from './reorder.js';
import type { StageName } from './topology.js';

/** How well a file's tensors are the weights of one network as one publisher stores them. */
export interface Fit {
  readonly variant: Variant;
  readonly layout: Layout;
  /** Variables up to the feature map that have their tensor, in its shape. */
  readonly found: number;
  readonly wanted: number;
  /** Tensors that have no place in the network. */
  readonly left: number;
  /** Every variable has its tensor and every tensor its place. */
  readonly whole: boolean;
  /** The file has the classifier of 1,000 classes as well. */
  readonly classifier: boolean;
}

/**
 * The networks that the tensors could belong to, the best first; none where no network shares a third of them. `names` limits them to
 * networks of these names.
 */
export function fitsOf(tensors: NamedTensors, names: readonly string[] = [...variants.keys()]): Fit[] {
  const all = names.flatMap((name) => {
    const variant = variants.get(name) as Variant;
    const topology = variant.topology();
    return variant.layouts.map((layout) => fitOf(tensors, variant, layout, topology));
  });
  return all
    .filter(({ found, wanted }) => 3 * found >= wanted)
    .sort((a, b) => Number(b.whole) - Number(a.whole) || b.found / b.wanted - a.found / a.wanted || a.left - b.left);
}

/** How well they are the weights of one network as one publisher stores them. */
export function fitOf(published: NamedTensors, variant: Variant, layout: Layout, topology = variant.topology()): Fit {
  const { layers, variables } = topology;
  const tensors = presentNames(layout, published);
  const of = new Map(layers.map((layer) => [layer.name, layer]));
  const isHead = (layer: string) => (of.get(layer)?.stage as StageName | 'head') === 'head';
  const places = new Set<string>();
  let [found, wanted, head, headFound] = [0, 0, 0, 0];
  for (const variable of variables) {
    const name = layout.nameOf(variable);
    places.add(name);
    const shape = publishedShape(variable, layout.order, of.get(variable.layer)?.kind === 'depthwise-conv');
    const tensor = tensors.get(name);
    const here = tensor !== undefined && fits(tensor.shape, shape, layout.order) ? 1 : 0;
    if (isHead(variable.layer)) [head, headFound] = [head + 1, headFound + here];
    else [wanted, found] = [wanted + 1, found + here];
  }
  const left = unplaced(tensors.keys(), places, variant).length;
  return { variant, layout, found, wanted, left, whole: found === wanted && left === 0, classifier: headFound === head };
}

/**
 * The tensors without what stands before all of their names: `module.` of PyTorch's DataParallel, `model.` or `backbone.` of a module around
 * the network.
 */
export function withoutPrefix(tensors: NamedTensors): NamedTensors {
  let names = [...tensors.keys()];
  let cut = 0;
  for (;;) {
    const [first = ''] = names;
    const end = first.indexOf('.') + 1;
    const prefix = first.slice(0, end);
    // `features.` and `layer1.` are names of the network itself: only what is common to all of the file is around it.
    if (end === 0 || !/^(module|model|backbone|encoder|net|network)\.$/.test(prefix)) break;
    if (!names.every((name) => name.startsWith(prefix))) break;
    names = names.map((name) => name.slice(end));
    cut += end;
  }
  if (cut === 0) return tensors;
  return new Map([...tensors].map(([name, tensor]): [string, NamedTensor] => [name.slice(cut), tensor]));
}
