/** Numbers of the last axis that are gathered in one go: as many lines of the cache as the first level holds with ease. */
const BLOCK = 32;

interface Axis {
  readonly extent: number;
  /** Numbers between two neighbours along it where they are taken, and where they are put. */
  readonly step: number;
  readonly to: number;
}

/**
 * A tensor of any rank with its axes in the order of `perm`, as numpy's transpose has it. Gone through in blocks, and within one along
 * what lies closest in `values`: number by number nearly every access of a kernel would miss the cache.
 */
export function permuted(values: Float32Array, shape: readonly number[], perm: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  if (values.length === 0) return result;
  const axes = walk(shape, perm);
  const last = axes.pop() ?? { extent: 1, step: 1, to: 1 };
  axes.sort((a, b) => b.step - a.step);
  const { extent, step } = last;
  const visit = (depth: number, from: number, to: number, count: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      if (step === 1) result.set(values.subarray(from, from + count), to);
      else for (let at = 0; at < count; at++) result[to + at] = values[from + at * step] as number;
      return;
    }
    for (let at = 0; at < axis.extent; at++) visit(depth + 1, from + at * axis.step, to + at * axis.to, count);
  };
  const block = step === 1 ? extent : BLOCK;
  for (let first = 0; first < extent; first += block) visit(0, first * step, first, Math.min(block, extent - first));
  return result;
}

/** The axes in the new order, without those of one place, and neighbours that stay neighbours as one. */
function walk(shape: readonly number[], perm: readonly number[]): Axis[] {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const axes: Axis[] = [];
  let to = 1;
  for (const axis of [...perm].reverse()) {
    const [extent, step] = [shape[axis] as number, steps[axis] as number];
    if (extent === 1) continue;
    const above = axes[0];
    if (above !== undefined && step === above.extent * above.step)
      axes[0] = { extent: extent * above.extent, step: above.step, to: above.to };
    else axes.unshift({ extent, step, to });
    to *= extent;
  }
  return axes;
}
