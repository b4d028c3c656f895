import type { WrittenFor } from '../written-for.js';
import { attr, type GraphBuilder } from './builder.js';
import { branch, type Gate, weight } from './gates.js';
import { type Found, matched, type Nodes, type Pattern, sourceOf } from './pattern.js';
import { DT, type NodeMessage } from './proto.js';

const T = attr.type(DT.float32);

/** A formula for the new value of a variable, and TensorFlow's operation that does the same to the variable itself. */
interface Rule {
  /** `value` is the variable as it was, `velocity` the new value of the one that is kept beside it, `velocity before` its old one. */
  readonly formula: Pattern;
  readonly operation: string;
  readonly variables: readonly string[];
  /** What the operation takes after the variables. `pull` is as large as the variable, the others are scalars. */
  readonly inputs: readonly string[];
  readonly nesterov?: boolean;
}

const VELOCITY: Pattern = { called: 'velocity', of: ['Add', ['Mul', 'velocity before', 'momentum'], 'pull'] };
const MOMENTUM = {
  operation: 'ResourceApplyMomentum',
  variables: ['value', 'velocity before'],
  inputs: ['pace', 'pull', 'momentum'],
};

/**
 * SGD as src/optimizers writes it, with momentum (v ← μv + g; p ← p − pace·v), Nesterov's or none. Of Adam the last step fits the
 * last rule, and no more: TensorFlow's own operation for it takes 1 − β₂ of a β₂ in float32, which leaves five digits.
 */
const RULES: readonly Rule[] = [
  { formula: ['Sub', 'value', ['Mul', VELOCITY, 'pace']], ...MOMENTUM, nesterov: false },
  { formula: ['Sub', 'value', ['Mul', ['Add', 'pull', ['Mul', VELOCITY, 'momentum']], 'pace']], ...MOMENTUM, nesterov: true },
  {
    formula: ['Sub', 'value', ['Mul', 'pull', 'pace']],
    operation: 'ResourceApplyGradientDescent',
    variables: ['value'],
    inputs: ['pace', 'pull'],
  },
];

/** An assignment to a variable: `handle ← condition ? next : before`. */
interface Assignment {
  readonly node: string;
  readonly handle: string;
  readonly condition: string;
  readonly next: string;
}

/**
 * Lets optimizers move variables where they lie: one pass over them, where operations on values take four and as many new tensors.
 * A formula that is not known, or whose result is wanted elsewhere too, stays as it is.
 *
 * Where the condition of an update does not hold the variable keeps its value: by a branch on a processor, by numbers on a card (see
 * gates.ts). An update waits for the reads of its variables, so that whatever else takes the old values gets the old ones.
 */
export function updateInPlace(graph: GraphBuilder, written: WrittenFor): void {
  const nodes: Nodes = new Map(graph.nodes().map((node) => [node.getName(), node]));
  const consumers = consumersOf(graph.nodes());
  const assignments = assignmentsOf(nodes);
  const gates = new Map<string, { gate: Gate; updates: string[] }>();
  const gateOf = (condition: string) => {
    const there = gates.get(condition);
    if (there !== undefined) return there;
    const made = { gate: written === 'card' ? weight(graph, condition) : branch(graph, condition), updates: [] };
    gates.set(condition, made);
    return made;
  };
  /** Assignments that are not needed any more, and the condition under which their variables are moved. */
  const replaced = new Map<string, string>();
  for (const [value, { condition, next }] of assignments) {
    const fitting = consumers.get(next) === 1 ? fittingRule(nodes, assignments, value) : null;
    if (fitting === null) continue;
    const { rule, found } = fitting;
    const moved = rule.variables.map((name) => assignments.get(found[name] as string) as Assignment);
    const { gate, updates } = gateOf(condition);
    const inputs = [
      ...moved.map(({ handle }) => handle),
      ...rule.inputs.map((name) =>
        name === 'pull' ? gate.pull(found.pull as string) : gate.scalar(name, found[name] as string),
      ),
      ...rule.variables.map((name) => `^${found[name]}`),
    ];
    const nesterov = rule.nesterov === undefined ? {} : { use_nesterov: attr.bool(rule.nesterov) };
    updates.push(`^${graph.node(rule.operation, 'in-place/update', inputs, { T, use_locking: attr.bool(false), ...nesterov })}`);
    for (const { node } of moved) replaced.set(node, condition);
  }
  const ends = [...gates].map(([condition, { gate, updates }]) => [condition, gate.end(updates)] as const);
  rewire(graph, replaced, new Map(ends));
}

/** The rule whose formula a variable's new value has, where what is kept beside it becomes just what the formula says. */
function fittingRule(
  nodes: Nodes,
  assignments: ReadonlyMap<string, Assignment>,
  value: string,
): { rule: Rule; found: Found } | null {
  const { condition, next } = assignments.get(value) as Assignment;
  for (const rule of RULES) {
    const found = matched(nodes, next, rule.formula, { value });
    if (found === null) continue;
    const kept = assignments.get(found['velocity before'] ?? '');
    if (found.velocity === undefined || (kept?.next === found.velocity && kept.condition === condition)) return { rule, found };
  }
  return null;
}

/** Assignments that a condition may hold back, by the place where the variable is read. */
function assignmentsOf(nodes: Nodes): ReadonlyMap<string, Assignment> {
  const assignments = new Map<string, Assignment>();
  for (const node of nodes.values()) {
    if (node.getOp() !== 'AssignVariableOp') continue;
    const [handle, value] = node.getInputList() as [string, string];
    const found = matched(nodes, value, ['Select', 'condition', 'next', { called: 'before', of: ['ReadVariableOp', 'handle'] }]);
    if (found?.handle !== handle) continue;
    const { condition, next, before } = found as Record<'condition' | 'next' | 'before', string>;
    assignments.set(before, { node: node.getName(), handle, condition, next });
  }
  return assignments;
}

/** Lets what waited for assignments wait for the ends of their branches. */
function rewire(graph: GraphBuilder, replaced: ReadonlyMap<string, string>, ends: ReadonlyMap<string, string>): void {
  for (const node of graph.nodes()) {
    const inputs = node.getInputList();
    const waits = inputs.map((place) => {
      const condition = place.startsWith('^') ? replaced.get(sourceOf(place)) : undefined;
      return condition === undefined ? place : `^${ends.get(condition)}`;
    });
    if (waits.some((place, at) => place !== inputs[at])) graph.setInputs(node, [...new Set(waits)]);
  }
}

/** How many inputs take each place. */
function consumersOf(nodes: readonly NodeMessage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) for (const place of node.getInputList()) counts.set(place, (counts.get(place) ?? 0) + 1);
  return counts;
}
