import type { Storage } from './storage.js';
import type { PytorchTensor } from './tensor.js';

/**
 * What a restricted pickle can hold: Python's None, bool, int (a bigint beyond 2⁵³), float, str, list, tuple, dict and
 * OrderedDict (both a Map), tensors, their storages, and the names of allowed globals.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickledTuple
  | Map<PickleKey, PickleValue>
  | PytorchTensor
  | Storage
  | PickledGlobal;

/** What a dict may be keyed by here. Python allows more; checkpoints use no more. */
export type PickleKey = null | boolean | number | bigint | string;

/** A tuple: as a class of its own, so that nothing can be appended to it. */
export class PickledTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A class or function that a pickle named, and that is allowed. */
export class PickledGlobal {
  constructor(readonly name: string) {}
}
