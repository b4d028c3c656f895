/** A tensor as shape inference sees it: −1 is a size not known yet; `values` are there for constants. */
export interface Known {
  readonly shape: readonly number[];
  readonly dtype: number;
  readonly values: () => readonly number[];
}

/** What an operation gives: one entry for each output. A dtype left out is the first input's. */
export interface Inferred {
  readonly shape: readonly number[];
  readonly dtype?: number;
}

export type Attributes = ReadonlyMap<string, unknown>;

/** How the output shapes of an operation follow from its inputs and attributes. */
export type Rule = (inputs: readonly Known[], attributes: Attributes) => readonly Inferred[];
export type Rules = readonly (readonly [op: string, rule: Rule])[];

export function at(inputs: readonly Known[], index: number): Known {
  const input = inputs[index];
  if (input === undefined) throw new Error(`input ${index} is missing`);
  return input;
}

/** The shape of the input at `index`. */
export const like =
  (index: number): Rule =>
  (inputs) => [{ shape: at(inputs, index).shape }];

/** The shape that the constant at `index` holds. */
export const written =
  (index: number, dtype?: number): Rule =>
  (inputs) => [{ shape: at(inputs, index).values(), ...(dtype === undefined ? {} : { dtype }) }];

/** One rule for several operations. */
export function each(operations: string, rule: Rule): Rules {
  return operations.split(' ').map((op) => [op, rule]);
}
