import { elementwise } from './elementwise.js';
import { layers } from './layers.js';
import { layout } from './layout.js';
import type { Rule } from './rule.js';

const RULES: ReadonlyMap<string, Rule> = new Map([...elementwise, ...layout, ...layers]);

/** The rule by which an operation's output shapes follow from its inputs, or undefined where we have none. */
export function shapeRule(op: string): Rule | undefined {
  return RULES.get(op);
}

export type { Inferred, Known } from './rule.js';
