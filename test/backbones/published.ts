/** Weights as a publisher would store them, made of the formula: the same as test/golden/backbones.py makes. */
import { createHash } from 'node:crypto';
import type { Variant } from '../../src/backbones/family.js';
import type { Layout } from '../../src/backbones/layout.js';
import { publishedShape } from '../../src/backbones/reorder.js';
import type { NamedTensor } from '../../src/weights/named-tensor.js';
import { u } from '../train/formula.js';

interface Published {
  readonly name: string;
  readonly shape: readonly number[];
  readonly depthwise: boolean;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);

function publishedVariables(variant: Variant, layout: Layout): Published[] {
  const { layers, variables } = variant.topology();
  const kinds = new Map(layers.map((layer) => [layer.name, layer.kind]));
  return variables.map((variable) => {
    const depthwise = kinds.get(variable.layer) === 'depthwise-conv';
    return { name: layout.nameOf(variable), shape: publishedShape(variable, layout.order, depthwise), depthwise };
  });
}

/** The tensors of a file, `values` by name and size. */
export function publishedTensors(
  variant: Variant,
  layout: Layout,
  values: (one: Published, size: number) => Float32Array,
): Map<string, NamedTensor> {
  return new Map(
    publishedVariables(variant, layout).map((one) => [
      one.name,
      { shape: one.shape, values: () => values(one, sizeOf(one.shape)) },
    ]),
  );
}

/** What `filled` of backbones.py gives. */
export function formulaWeights(order: Layout['order']) {
  return ({ name, shape, depthwise }: Published, size: number): Float32Array => {
    const [scale, shift] = scaled(name, shape, fanIn(shape, order, depthwise));
    const drawn = u(name, size);
    const values = new Float32Array(size);
    for (let i = 0; i < size; i++) values[i] = (drawn[i] as number) * scale + shift;
    return values;
  };
}

function fanIn(shape: readonly number[], order: Layout['order'], depthwise: boolean): number {
  if (order === 'pytorch') return sizeOf(shape.slice(1));
  return depthwise ? sizeOf(shape.slice(0, 2)) : sizeOf(shape.slice(0, -1));
}

function scaled(name: string, shape: readonly number[], fan: number): readonly [scale: number, shift: number] {
  const last = name.split(/[./]/).at(-1) ?? '';
  if (['layer_scale', 'gamma'].includes(last) && /layer_scale|\.blocks\./.test(name)) return [0.2, 0.3];
  if (shape.filter((length) => length > 1).length > 1) return [Math.sqrt(24 / fan), 0];
  return ['weight', 'gamma', 'running_var', 'moving_variance'].includes(last) ? [0.2, 1] : [0.2, 0];
}

/** SHA-256 of the names and sizes, sorted. */
export function namesHash(tensors: ReadonlyMap<string, NamedTensor>): string {
  const lines = [...tensors].map(([name, { shape }]) => `${name} ${sizeOf(shape)}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
