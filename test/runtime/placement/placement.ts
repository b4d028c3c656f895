/**
 * Where each operation of a traced graph would run on a machine with a card, asked of TensorFlow's library without one: an operation runs on
 * the card where a kernel for it is registered whose types are the node's. What such a kernel wants in the host's memory, or leaves there,
 * is registered with it; a tensor that one node leaves on one side and another wants on the other is copied.
 *
 * TensorFlow's own passes (constants folded, layouts turned) come after this: it is the graph as ft hands it over.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);

interface Arg {
  readonly name: string;
  readonly numberAttr: string;
  readonly typeListAttr: string;
}
interface Kernel {
  readonly deviceType: string;
  readonly types: ReadonlyMap<string, readonly number[]>;
  readonly hostMemory: ReadonlySet<string>;
}

interface Attribute {
  readonly type: number;
  readonly i: number;
  readonly list: { readonly type: readonly number[] } | null;
}
/** A node of a GraphDef. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  /** Where it is to run; empty where TensorFlow chooses. */
  readonly device: string;
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** What a library says of its operations. */
export interface Library {
  readonly args: ReadonlyMap<string, { readonly inputs: readonly Arg[]; readonly outputs: readonly Arg[] }>;
  readonly kernels: ReadonlyMap<string, readonly Kernel[]>;
}

async function decoder(): Promise<(type: string, bytes: Uint8Array) => Record<string, unknown>> {
  const root = await protobuf.load(fileURLToPath(new URL('kernels.proto', import.meta.url)));
  const options = { arrays: true, objects: true, defaults: true, longs: Number };
  return (type, bytes) => root.lookupType(type).toObject(root.lookupType(type).decode(bytes), options);
}

/** The nodes of a serialised GraphDef, and those of each function of its library. */
export async function readNodes(graph: Uint8Array): Promise<{ nodes: GraphNode[]; functions: GraphNode[][] }> {
  const { node, library } = (await decoder())('ft.GraphDef', graph) as {
    node: GraphNode[];
    library: { function: { nodeDef: GraphNode[] }[] } | null;
  };
  return { nodes: node, functions: (library?.function ?? []).map(({ nodeDef }) => nodeDef) };
}

/** Reads the registered operations and kernels of the runtime for cards by its addon `cuda.node`. */
export async function readLibrary(addon: string): Promise<Library> {
  const decode = await decoder();
  const { ops, kernels } = (require(addon) as { definitions(): { ops: Buffer; kernels: Buffer } }).definitions();
  const opList = decode('ft.OpList', ops).op as { name: string; inputArg: Arg[]; outputArg: Arg[] }[];
  const kernelList = decode('ft.KernelList', kernels).kernel as {
    op: string;
    deviceType: string;
    constraint: { name: string; allowedValues: { list: { type: number[] } | null } | null }[];
    hostMemoryArg: string[];
  }[];
  const byOp = new Map<string, Kernel[]>();
  for (const { op, deviceType, constraint, hostMemoryArg } of kernelList) {
    const types = new Map(constraint.map(({ name, allowedValues }) => [name, allowedValues?.list?.type ?? []] as const));
    const found = byOp.get(op) ?? [];
    found.push({ deviceType, types, hostMemory: new Set(hostMemoryArg) });
    byOp.set(op, found);
  }
  return {
    args: new Map(opList.map(({ name, inputArg, outputArg }) => [name, { inputs: inputArg, outputs: outputArg }])),
    kernels: byOp,
  };
}

/** The kernel for cards that would run a node; undefined where there is none. */
function kernelOf(node: GraphNode, { kernels }: Library): Kernel | undefined {
  return kernels
    .get(node.op)
    ?.find(
      ({ deviceType, types }) =>
        (deviceType === 'GPU' || deviceType === 'DEFAULT') &&
        [...types].every(([attribute, allowed]) => allowed.includes(node.attr[attribute]?.type ?? -1)),
    );
}

/** The name of the argument that an input or output of a node is, behind lists of several. */
function argAt(node: GraphNode, args: readonly Arg[], at: number): string {
  let left = at;
  for (const { name, numberAttr, typeListAttr } of args) {
    const length = numberAttr
      ? (node.attr[numberAttr]?.i ?? 1)
      : typeListAttr
        ? (node.attr[typeListAttr]?.list?.type.length ?? 1)
        : 1;
    if (left < length) return name;
    left -= length;
  }
  return '';
}

export interface Placement {
  /** How many nodes of each operation run on the card. */
  readonly onCard: ReadonlyMap<string, number>;
  /** Operations without a kernel for cards, and those that are pinned to the host; and how many nodes. */
  readonly onHost: ReadonlyMap<string, number>;
  /**
   * Tensors that the card makes and the host wants, or the other way round, by what makes them and what takes them: `ArgMax → Equal`. One
   * that several nodes take is carried once. What comes from outside or is constant is no crossing.
   */
  readonly crossings: ReadonlyMap<string, number>;
}

/** Operations that bring a value in from outside: what they give is where it is wanted. */
const FROM_OUTSIDE = new Set(['Placeholder', 'Const', 'VarHandleOp', 'Arg', '_Arg']);

export function placementOf(nodes: readonly GraphNode[], library: Library): Placement {
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const [onCard, onHost, crossings] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  // Parts of the processor that stand for cards are called so too.
  const standIns = nodes.some(({ device }) => /CPU:[1-9]/.test(device));
  const pinned = ({ device }: GraphNode) => !standIns && device === '/device:CPU:0';
  const kernels = new Map(nodes.map((node) => [node.name, pinned(node) ? undefined : kernelOf(node, library)]));
  const carried = new Map<string, Set<string>>();
  for (const node of nodes) {
    const kernel = kernels.get(node.name);
    if (!FROM_OUTSIDE.has(node.op) || kernel !== undefined) count(kernel === undefined ? onHost : onCard, node.op);
    const { inputs = [] } = library.args.get(node.op) ?? {};
    node.input.forEach((input, at) => {
      if (input.startsWith('^')) return;
      // `node:output`, by its number; in a function `node:name of the output:…`.
      const [name = '', output = '0', named] = input.split(':');
      const from = byName.get(name);
      if (from === undefined || FROM_OUTSIDE.has(from.op)) return;
      const made = kernels.get(name);
      const { outputs = [] } = library.args.get(from.op) ?? {};
      const left = named === undefined ? argAt(from, outputs, Number(output)) : output;
      const leftOnHost = made === undefined || made.hostMemory.has(left);
      const wantedOnHost = kernel === undefined || kernel.hostMemory.has(argAt(node, inputs, at));
      if (leftOnHost !== wantedOnHost) carried.set(input, (carried.get(input) ?? new Set()).add(node.op));
    });
  }
  for (const [tensor, takers] of carried) {
    const made = byName.get(tensor.split(':')[0] ?? '')?.op;
    count(crossings, `${made} → ${[...takers].sort().join(', ')}`);
  }
  return { onCard, onHost, crossings };
}
