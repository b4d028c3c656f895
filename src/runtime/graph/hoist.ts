import { attr, type GraphBuilder } from './builder.js';
import { sourceOf } from './pattern.js';
import type { AttrMessage, NodeMessage } from './proto.js';

/** Operations on weights: the fold of BatchNorm and the conversion to bfloat16 are made of these. */
const ARITHMETIC = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Neg', 'Rsqrt', 'Sqrt', 'Cast']);
/** What gives the same numbers in another form: kept by itself it would only take room. */
const SAME_NUMBERS = new Set(['Reshape', 'Identity', 'Transpose']);

/** Digits of a constant that is looked into. */
const SHORT = 256;

/** What a node is made of, where that never changes while functions run. */
interface Still {
  /** Equal for nodes that compute the same of the same. */
  readonly key: string;
  readonly ofVariables: boolean;
  readonly worked: boolean;
}

/**
 * Computes what is made of frozen variables alone once, when they are set, and not in every call: their kernels with BatchNorm folded in,
 * and converted to bfloat16. It is kept in variables of its own, one for all functions that make the same.
 * @param setters the assignments by which variables are set from outside; a variable that anything else assigns to is none that is frozen
 * @param shapes of nodes, by name; a conversion that a later pass put in has that of what it converts
 * @returns the place to fetch after variables were set; null where nothing is kept
 */
export function hoistConstants(
  graph: GraphBuilder,
  setters: ReadonlySet<string>,
  shapes: ReadonlyMap<string, readonly number[]>,
): string | null {
  const nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const still = stillNodes(nodes, movedHandles(graph.nodes(), setters));
  const kept = new Map<string, string>();
  const assignments: string[] = [];
  const keep = (place: string, key: string): string => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const node = nodes.get(place) as NodeMessage;
    const shape = shapes.get(place) ?? shapes.get(node.getInputList()[0] as string);
    if (shape === undefined) return place;
    const dtype = attr.type(typeOf(node));
    const name = `hoisted/${kept.size}`;
    // With its shape: TensorFlow fuses a convolution with what follows only where it knows the kernel's.
    const handle = graph.variable(`${name}/handle`, typeOf(node), shape, name);
    assignments.push(graph.node('AssignVariableOp', `${name}/set`, [handle, place], { dtype }));
    const read = graph.node('ReadVariableOp', `${name}/read`, [handle], { dtype });
    kept.set(key, read);
    return read;
  };
  for (const node of nodes.values()) {
    if (still.has(node.getName())) continue;
    const inputs = node.getInputList();
    const turned = inputs.map((place) => {
      const source = still.get(place);
      return source?.ofVariables && source.worked ? keep(place, source.key) : place;
    });
    if (turned.some((place, at) => place !== inputs[at])) graph.setInputs(node, turned);
  }
  if (assignments.length === 0) return null;
  return graph.signal('hoisted/done', assignments);
}

/** Handles of variables that are assigned to while functions run. */
function movedHandles(nodes: readonly NodeMessage[], setters: ReadonlySet<string>): Set<string> {
  const writers = nodes.filter((node) => node.getOp() !== 'ReadVariableOp' && !setters.has(node.getName()));
  return new Set(writers.flatMap((node) => node.getInputList().map(sourceOf)));
}

/** The nodes, with one output each, whose values are the same in every call. */
function stillNodes(nodes: ReadonlyMap<string, NodeMessage>, moved: ReadonlySet<string>): Map<string, Still> {
  const found = new Map<string, Still | null>();
  const look = (name: string): Still | null => {
    const known = found.get(name);
    if (known !== undefined) return known;
    const node = nodes.get(name);
    const result = node === undefined ? null : made(node);
    found.set(name, result);
    return result;
  };
  const made = (node: NodeMessage): Still | null => {
    const [op, inputs] = [node.getOp(), node.getInputList()];
    if (op === 'Const') return { key: constantKey(node), ofVariables: false, worked: false };
    if (op === 'ReadVariableOp') {
      const handle = inputs[0] as string;
      return moved.has(handle) || inputs.length > 1 ? null : { key: handle, ofVariables: true, worked: false };
    }
    if (!ARITHMETIC.has(op) && !SAME_NUMBERS.has(op)) return null;
    const parts = inputs.map(look);
    if (parts.some((part) => part === null)) return null;
    const of = parts as Still[];
    const attributes = [...node.getAttrMap().entries()].map(([name, value]) => `${name}=${hex(value)}`);
    return {
      key: `${op}[${attributes.sort().join()}](${of.map(({ key }) => key).join()})`,
      ofVariables: of.some(({ ofVariables }) => ofVariables),
      worked: ARITHMETIC.has(op) || of.some(({ worked }) => worked),
    };
  };
  for (const name of nodes.keys()) look(name);
  return new Map([...found].flatMap(([name, one]) => (one === null ? [] : [[name, one]])));
}

/** Small constants are the same where their values are: each function has its own. */
function constantKey(node: NodeMessage): string {
  const value = hex(node.getAttrMap().get('value') as AttrMessage);
  return value.length > SHORT ? node.getName() : value;
}

function hex(message: AttrMessage): string {
  return Buffer.from(message.serializeBinary()).toString('hex');
}

function typeOf(node: NodeMessage): number {
  const attributes = node.getAttrMap();
  return (attributes.get(node.getOp() === 'Cast' ? 'DstT' : 'T') as AttrMessage).getType();
}
