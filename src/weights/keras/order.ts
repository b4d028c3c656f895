import type { KerasLayer } from './model.js';

/**
 * The layers in the order of `model.layers`, which is that of the weights in an `.h5`: by their depth (the longest way to the output),
 * the deepest first, those of one depth as they are met from the output downwards, each before what feeds it.
 * @see keras/src/ops/function.py, map_graph
 */
export function inKerasOrder(layers: readonly KerasLayer[], output: string): KerasLayer[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const of = (name: string): KerasLayer => {
    const layer = byName.get(name);
    if (layer === undefined) throw new Error(`there is no layer '${name}'`);
    return layer;
  };
  const met = new Map<string, number>();
  const inputsFirst: KerasLayer[] = [];
  // Deep networks are deeper than a stack of calls should be.
  const open: { layer: KerasLayer; next: number }[] = [];
  const enter = (name: string) => {
    if (met.has(name)) return;
    met.set(name, met.size);
    open.push({ layer: of(name), next: 0 });
  };
  enter(output);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const input = top.layer.inputs[top.next++];
    if (input !== undefined) enter(input);
    else inputsFirst.push((open.pop() as typeof top).layer);
  }
  const depths = new Map<string, number>();
  for (const { name, inputs } of inputsFirst.toReversed()) {
    const depth = depths.get(name) ?? 0;
    depths.set(name, depth);
    for (const input of inputs) depths.set(input, Math.max(depth + 1, depths.get(input) ?? 0));
  }
  const rank = ({ name }: KerasLayer) => [depths.get(name) as number, met.get(name) as number] as const;
  return inputsFirst.toSorted((a, b) => rank(b)[0] - rank(a)[0] || rank(a)[1] - rank(b)[1]);
}
