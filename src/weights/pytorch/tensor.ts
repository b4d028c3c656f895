import { UserError } from '../../errors.js';
import { type Scratch, takeBytes } from '../byte-source.js';
import { type Dtype, floatsIn } from '../elements.js';
import { type Refuse, shown } from './bytes.js';
import type { Storage } from './storage.js';

/** More dimensions than PyTorch itself allows are a broken file. */
const MOST_DIMENSIONS = 64;

/**
 * How many elements a tensor may have beyond those of its storage. A stride of 0 repeats elements (`expand`), so a file of a
 * hundred bytes could ask for terabytes.
 */
const MOST_REPEATED = 2 ** 24;

/**
 * A strided view of a storage: element [i₀, i₁, …] is `storage[offset + Σ iₖ · stridesₖ]`. Nothing is copied before
 * `tensorValues`, so a file cannot make us allocate more than somebody asks for.
 */
export class PytorchTensor {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  get dtype(): Dtype {
    return this.storage.type.dtype;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }
}

/** A tensor whose every element is known to lie within its storage. */
export function viewOf(
  storage: Storage,
  offset: unknown,
  shape: readonly unknown[],
  strides: readonly unknown[],
  refuse: Refuse,
): PytorchTensor {
  const lengths = shape.filter(isCount);
  const steps = strides.filter(isCount);
  const words = `storage ${shown(storage.key)} of ${storage.length} elements`;
  if (!isCount(offset) || lengths.length !== shape.length || steps.length !== strides.length) {
    return refuse(`a tensor's offset, shape or strides are not whole numbers from 0 up (${words})`, {
      found: `offset ${shown(offset)}, shape (${shape.map(shown).join(', ')}), strides (${strides.map(shown).join(', ')})`,
    });
  }
  const found = `offset ${offset}, shape (${lengths.join(', ')}), strides (${steps.join(', ')})`;
  if (lengths.length !== steps.length || lengths.length > MOST_DIMENSIONS)
    return refuse(`a tensor has ${lengths.length} dimensions and ${steps.length} strides (${words})`, { found });
  const tensor = new PytorchTensor(storage, offset, lengths, steps);
  const empty = lengths.includes(0);
  const last = empty ? offset - 1 : lengths.reduce((at, length, axis) => at + (length - 1) * (steps[axis] ?? 0), offset);
  if (!(last < storage.length))
    refuse(`a tensor reaches beyond its storage (${words})`, { found, expected: `a last element below ${storage.length}` });
  if (!(tensor.size <= storage.length + MOST_REPEATED))
    refuse(`a tensor repeats elements until they are ${tensor.size} (${words})`, {
      found,
      expected: `${storage.length + MOST_REPEATED} at most`,
    });
  return tensor;
}

/** The same elements with the axes in another order: `axes[k]` of the old ones becomes the k-th. A view; nothing is copied. */
export function permuted({ storage, offset, shape, strides }: PytorchTensor, axes: readonly number[]): PytorchTensor {
  const pick = (from: readonly number[]): number[] => axes.map((axis) => from[axis] as number);
  if ([...axes].sort((a, b) => a - b).join() !== [...shape.keys()].join())
    throw new Error(`axes ${axes.join(', ')} for a tensor of rank ${shape.length}`);
  return new PytorchTensor(storage, offset, pick(shape), pick(strides));
}

/** The elements in row-major order as float32. Read are the bytes from the first of them to the last, and no others. */
export function tensorValues({ storage, offset, shape, strides, size }: PytorchTensor, scratch?: Scratch): Float32Array {
  const { place, type } = storage;
  if (place === undefined) throw new UserError({ what: `the file holds no bytes for the storage ${shown(storage.key)}` });
  if (size === 0) return new Float32Array(0);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] ?? 0), 0);
  const bytes = takeBytes(place.source, place.from + offset * type.size, (last + 1) * type.size, scratch);
  if (last + 1 === size && inOrder(shape, strides)) return floatsIn(bytes, type);
  const values = new Float32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let to = 0; to < size; to++) {
    values[to] = type.read(bytes, at * type.size);
    // The next index, as an odometer turns: the last axis first.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      at += strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      at -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return values;
}

/** Whether the elements lie one after the other as they are wanted; the stride of an axis of one says nothing. */
function inOrder(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis] as number;
  }
  return true;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
