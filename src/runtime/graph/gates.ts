import { attr, type GraphBuilder } from './builder.js';
import { DT } from './proto.js';

const T = attr.type(DT.float32);

/** How updates are held back where their condition does not hold. */
export interface Gate {
  /** The gradient as an update is to take it, and the scalars of its formula: `pace`, `momentum`. */
  pull(place: string): string;
  scalar(name: string, place: string): string;
  /** A node that comes to its end when the updates have, or have been left out. */
  end(updates: readonly string[]): string;
}

/**
 * By a branch: `Switch` hands the gradient on where the condition holds; where it does not the update has no input and is left out, and
 * `Merge` comes to its end either way. It costs no arithmetic, and wants the condition in the host's memory.
 */
export function branch(graph: GraphBuilder, condition: string): Gate {
  return {
    pull: (place) => `${graph.node('Switch', 'in-place/gate', [place, condition], { T })}:1`,
    scalar: (_name, place) => place,
    end(updates) {
      const bool = { T: attr.type(DT.bool) };
      const branches = graph.node('Switch', 'in-place/branch', [condition, condition], bool);
      const updated = graph.node('Identity', 'in-place/updated', [`${branches}:1`, ...updates], bool);
      return graph.node('Merge', 'in-place/done', [branches, updated], { ...bool, N: attr.int(2) });
    },
  };
}

/**
 * By numbers: where the condition does not hold an update takes a gradient of zeros, a pace of 0 and a momentum of 1, which leave the
 * variable and its velocity as they are. Nothing has to leave the card, where a branch would have it wait for the host; and
 * XLA compiles it. `MulNoNan` gives 0 for NaN · 0.
 */
export function weight(graph: GraphBuilder, condition: string): Gate {
  const holds = graph.cast('in-place/holds', condition, DT.bool, DT.float32);
  const one = graph.constant('in-place/one', DT.float32, [], new Uint8Array(Float32Array.of(1).buffer));
  const made = new Map<string, string>();
  return {
    pull: (place) => graph.node('MulNoNan', 'in-place/pull', [place, holds], { T }),
    scalar(name, place) {
      const key = `${name} ${place}`;
      const there = made.get(key);
      if (there !== undefined) return there;
      const weighed =
        name === 'momentum'
          ? graph.node('Select', 'in-place/momentum', [condition, place, one], { T })
          : graph.node('Mul', 'in-place/pace', [place, holds], { T });
      made.set(key, weighed);
      return weighed;
    },
    end: (updates) => graph.node('NoOp', 'in-place/done', updates, {}),
  };
}
