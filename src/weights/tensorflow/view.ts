import { DT } from '../../runtime/graph/proto.js';
import type { NamedTensor } from '../named-tensor.js';
import { constantResult, isIdentity } from './constants.js';
import { type GraphNode, numberOf, plainReference, splitReference, type TensorflowGraph } from './graph.js';

const SAME = new Set(['Identity', 'IdentityN', 'StopGradient', 'PreventGradient', 'CheckNumerics', 'Snapshot']);
const FLOATS: readonly number[] = [DT.float32, DT.float64, DT.float16, DT.bfloat16];
/** Constants computed from constants that lie deeper than this are not those of a layer. */
const DEEPEST = 64;

const NOTHING: GraphNode = { name: '', op: '', inputs: [], attributes: new Map() };

/**
 * A graph without what does nothing: names that stand for the same map lead to one node, and everything that depends on
 * constants alone is a constant.
 */
export class GraphView {
  private readonly aliases = new Map<string, string>();
  private readonly constants = new Map<string, NamedTensor>();
  private readonly depths = new Map<string, number>();
  private readonly counts = new Map<string, number>();

  /** @param order the nodes below `output`, each after what it takes */
  constructor(
    private readonly graph: TensorflowGraph,
    readonly order: readonly GraphNode[],
    readonly output: string,
    readonly where: string,
  ) {
    for (const node of order) this.settle(node);
    for (const node of order) {
      if (this.constants.has(node.name) || this.aliases.has(node.name) || node.op === 'Shape') continue;
      for (const source of node.inputs.map((input) => this.source(input)))
        this.counts.set(source, (this.counts.get(source) ?? 0) + 1);
    }
    this.counts.set(this.source(output), (this.counts.get(this.source(output)) ?? 0) + 1);
  }

  /** The node output that a reference stands for, past everything that leaves a map as it is. */
  source(reference: string): string {
    return this.aliases.get(reference) ?? reference;
  }

  /** The node behind a reference; one of no operation where a node lacks an input that others of its kind have. */
  node(reference: string): GraphNode {
    const [name] = splitReference(this.source(reference));
    return this.graph.nodes.get(name) ?? NOTHING;
  }

  constant(reference: string | undefined): NamedTensor | undefined {
    return reference === undefined ? undefined : this.constants.get(this.source(reference));
  }

  /** Whether a map goes into one place alone, so that what makes it may become a part of what takes it. */
  once(reference: string): boolean {
    return this.counts.get(this.source(reference)) === 1;
  }

  /** The inputs of a node that are maps, and those that are constants. */
  operands(node: GraphNode): { maps: string[]; constants: NamedTensor[] } {
    const maps: string[] = [];
    const constants: NamedTensor[] = [];
    for (const input of node.inputs) {
      const constant = this.constant(input);
      if (constant === undefined) maps.push(this.source(input));
      else constants.push(constant);
    }
    return { maps, constants };
  }

  /** The one number of a constant of one element. */
  scalar(reference: string | undefined): number | undefined {
    const constant = this.constant(reference);
    if (constant === undefined || constant.shape.some((length) => length !== 1)) return undefined;
    return constant.values()[0];
  }

  private settle(node: GraphNode): void {
    if (SAME.has(node.op)) {
      node.inputs.forEach((input, at) => {
        this.aliases.set(plainReference(`${node.name}:${at}`), this.source(input));
      });
      return;
    }
    const stored = this.graph.constant(node);
    if (stored !== undefined) {
      this.constants.set(node.name, stored);
      return;
    }
    const inputs = node.inputs.map((input) => this.constant(input));
    const depth = 1 + Math.max(0, ...node.inputs.map((input) => this.depths.get(this.source(input)) ?? 0));
    const known = inputs.filter((input) => input !== undefined);
    if (known.length === inputs.length && depth <= DEEPEST) {
      const result = constantResult(node, known);
      if (result !== undefined) {
        this.constants.set(node.name, result);
        this.depths.set(node.name, depth);
        return;
      }
    }
    const same = this.unchanged(node);
    if (same !== undefined) this.aliases.set(node.name, this.source(same));
  }

  /** The input that the node gives back as it is: what dropout leaves behind at inference, casts between floats, axes put where they are. */
  private unchanged(node: GraphNode): string | undefined {
    const [first = '', second = ''] = node.inputs;
    switch (node.op) {
      case 'Transpose': {
        const permutation = this.constant(second);
        return permutation !== undefined && isIdentity(permutation) ? first : undefined;
      }
      case 'Cast':
        return FLOATS.includes(numberOf(node, 'DstT', DT.float32)) ? first : undefined;
      case 'Mul':
        return this.scalar(second) === 1 ? first : this.scalar(first) === 1 ? second : undefined;
      case 'RealDiv':
        return this.scalar(second) === 1 ? first : undefined;
      case 'Add':
      case 'AddV2':
        return this.scalar(second) === 0 ? first : this.scalar(first) === 0 ? second : undefined;
      case 'Sub':
        return this.scalar(second) === 0 ? first : undefined;
      default:
        return undefined;
    }
  }
}
