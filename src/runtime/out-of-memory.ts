import { type Fault, UserError } from '../errors.js';
import { onCard } from './tensorflow.js';

/** How TensorFlow, its allocators and CUDA's libraries say that a tensor, or their own work space, found no room. */
const SAID =
  /OOM when allocating|RESOURCE_EXHAUSTED|Resource exhausted|CUDA_ERROR_OUT_OF_MEMORY|out of memory|failed to allocate memory|CU(BLAS|DNN)_STATUS_ALLOC_FAILED/i;
/** cuBLAS or cuDNN did not start. A card that others have filled is told so, and so is a library that is broken or does not fit the driver. */
const NOT_STARTED = /CU(BLAS|DNN)_STATUS_(NOT_INITIALIZED|INTERNAL_ERROR)|DNN library is not found/;

const OTHERS = 'nvidia-smi shows who else uses the card; CUDA_VISIBLE_DEVICES chooses another';
/** For all verbs: what failed does not know which one it is. */
const LESS =
  'a training wants less with --set checkpoint=stage, --set precision=bf16, a smaller batch or data.side, and ft train --resume goes on with ' +
  'what was trained so far; ft serve with a smaller --batch; ft embed and ft serve with --precision bf16';

/** A session's error as a person can act on it, where memory, or a library of the card that did not start, is what it is about; else the error itself. */
export function withMend(error: unknown, card: boolean = onCard): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (SAID.test(text)) return new UserError(noRoom(text, card));
  const found = card ? NOT_STARTED.exec(text)?.[0] : undefined;
  if (found === undefined) return error;
  return new UserError({
    what: 'cuBLAS or cuDNN did not start on the card: its memory is full, or the library is broken or does not fit the driver',
    found,
    mend: `where nvidia-smi shows little free: ${OTHERS}; ${LESS}; else ft doctor, which says what was loaded, and computes a convolution with it`,
  });
}

function noRoom(text: string, card: boolean): Fault {
  const size = /shape\[([\d,]+)\] and type (\w+)/.exec(text);
  return {
    what: card ? 'the card has no memory left for this' : 'the machine has no memory left for this',
    ...(size === null ? {} : { found: `no room for a tensor of ${(size[1] as string).replaceAll(',', ' × ')} (${size[2]})` }),
    mend: card ? `${OTHERS}; ${LESS}` : LESS,
  };
}
