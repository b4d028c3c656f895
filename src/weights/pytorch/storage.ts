import type { ByteSource } from '../byte-source.js';
import { type ElementType, elementTypes } from '../elements.js';

/** By the class that the pickle names, e.g. `torch.FloatStorage`. */
export const storageTypes: ReadonlyMap<string, ElementType> = new Map(
  Object.entries({
    'torch.DoubleStorage': elementTypes.float64,
    'torch.FloatStorage': elementTypes.float32,
    'torch.HalfStorage': elementTypes.float16,
    'torch.BFloat16Storage': elementTypes.bfloat16,
    'torch.LongStorage': elementTypes.int64,
    'torch.IntStorage': elementTypes.int32,
    'torch.ShortStorage': elementTypes.int16,
    'torch.CharStorage': elementTypes.int8,
    'torch.ByteStorage': elementTypes.uint8,
    'torch.BoolStorage': elementTypes.bool,
  }),
);

/** A flat piece of memory that tensors view. Where its bytes lie is known once the file has been read to its end. */
export class Storage {
  /** Where it begins. */
  place: { readonly source: ByteSource; readonly from: number } | undefined;

  constructor(
    readonly key: string,
    readonly type: ElementType,
    /** Number of elements. */
    readonly length: number,
  ) {}
}
