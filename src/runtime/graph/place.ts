import type { GraphBuilder } from './builder.js';
import { orderOf } from './order.js';
import { sourceOf } from './pattern.js';
import { DT, type NodeMessage } from './proto.js';

/** Several devices of one kind: TensorFlow's name for that kind, and how many of it a graph is spread over. */
export interface Devices {
  readonly kind: 'CPU' | 'GPU';
  readonly count: number;
}

/** What has a kernel for the processor alone: it unpacks a batch, which comes in as a string. */
const ON_HOST = new Set(['DecodeRaw']);

/**
 * Writes a device to every node. Some are pinned: variables, the parts of a batch, and what hands a value from one device to another (or to
 * all, `CollectiveReduce`). Everything else goes where what it takes lies, gradients with it; what takes from nowhere (constants) is written
 * once for each device that wants it, and otherwise stands on the first.
 *
 * So nothing is carried between devices but by a pinned node: an operation that would take from two is an error.
 */
export function placeOnDevices(graph: GraphBuilder, devices: Devices): void {
  let nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const located = locate(graph, nodes);
  giveEachItsOwn(graph, nodes, located);
  nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  for (const [name, node] of nodes) node.setDevice(deviceName(node, located.get(name) ?? 0, devices));
}

function deviceName(node: NodeMessage, device: number, { kind, count }: Devices): string {
  if (device >= count) throw new Error(`${node.getName()} is on device ${device} of ${count}`);
  const text = node.getOp() === 'Placeholder' && node.getAttrMap().get('dtype')?.getType() === DT.string;
  return kind === 'GPU' && (text || ON_HOST.has(node.getOp())) ? '/device:CPU:0' : `/device:${kind}:${device}`;
}

/** The device of each node that is pinned, or takes from one that has a device. */
function locate(graph: GraphBuilder, nodes: ReadonlyMap<string, NodeMessage>): Map<string, number> {
  const pinned = new Map(graph.pinned);
  const ordered = orderOf(nodes);
  for (;;) {
    const located = new Map<string, number>();
    for (const node of ordered) {
      const device = pinned.get(node.getName()) ?? deviceOfInputs(node, located);
      if (device !== undefined) located.set(node.getName(), device);
    }
    // A variable that a pass put in lies where the value is that it is given.
    const before = pinned.size;
    for (const node of ordered) {
      const [handle, device] = [node.getInputList()[0] ?? '', located.get(node.getName())];
      if (node.getOp() === 'AssignVariableOp' && device !== undefined && !located.has(handle)) pinned.set(handle, device);
    }
    if (pinned.size === before) return located;
  }
}

function deviceOfInputs(node: NodeMessage, located: ReadonlyMap<string, number>): number | undefined {
  const taken = node.getInputList().filter((place) => !place.startsWith('^'));
  const from = new Map(
    taken.flatMap((place) => {
      const device = located.get(sourceOf(place));
      return device === undefined ? [] : [[device, place] as const];
    }),
  );
  if (from.size < 2) return from.keys().next().value;
  const places = [...from].map(([device, place]) => `${place} on device ${device}`);
  throw new Error(`${node.getName()} takes from several devices: ${places.join(', ')}`);
}

/** Lets nodes take what lies nowhere from a copy on their own device; the first device has the original. */
function giveEachItsOwn(graph: GraphBuilder, nodes: ReadonlyMap<string, NodeMessage>, located: Map<string, number>): void {
  const copies = new Map<string, string>();
  const own = (place: string, device: number): string => {
    const source = nodes.get(sourceOf(place));
    if (place.startsWith('^') || source === undefined || located.has(source.getName())) return place;
    const key = `${device} ${source.getName()}`;
    let copy = copies.get(key);
    if (copy === undefined) {
      const inputs = source.getInputList().map((input) => own(input, device));
      copy = graph.node(
        source.getOp(),
        `${source.getName()}/on${device}`,
        inputs,
        Object.fromEntries(source.getAttrMap().entries()),
      );
      copies.set(key, copy);
    }
    return place.replace(source.getName(), copy);
  };
  const originals = [...nodes.values()];
  for (const node of originals) {
    const device = located.get(node.getName()) ?? 0;
    if (device === 0) continue;
    const inputs = node.getInputList();
    const turned = inputs.map((place) => own(place, device));
    if (turned.some((place, at) => place !== inputs[at])) graph.setInputs(node, turned);
  }
  for (const [key, copy] of copies) located.set(copy, Number(key.split(' ')[0]));
}
