import { UserError } from '../errors.js';
import { onCard } from './tensorflow.js';

/** How TensorFlow, its allocators and CUDA's libraries say that a tensor, or their own work space, found no room. */
const SAID =
  /OOM when allocating|RESOURCE_EXHAUSTED|Resource exhausted|CUDA_ERROR_OUT_OF_MEMORY|out of memory|failed to allocate memory/i;
/** By which a card that others have filled is told: cuBLAS, cuDNN and cuSOLVER find no room to start in. */
const NOT_STARTED =
  /CUBLAS_STATUS_(NOT_INITIALIZED|ALLOC_FAILED)|CUDNN_STATUS_(NOT_INITIALIZED|ALLOC_FAILED|INTERNAL_ERROR)|DNN library is not found/;

/** A session's error as a person can act on it, where memory is what it is about; else the error itself. */
export function withMend(error: unknown, card: boolean = onCard): unknown {
  const text = error instanceof Error ? error.message : String(error);
  if (!SAID.test(text) && !NOT_STARTED.test(text)) return error;
  const size = /shape\[([\d,]+)\] and type (\w+)/.exec(text);
  const smaller = 'a smaller batch or data.side; --set checkpoint=stage; --set precision=bf16';
  return new UserError({
    what: card ? 'the card has no memory left for this' : 'the machine has no memory left for this',
    ...(size === null ? {} : { found: `no room for a tensor of ${(size[1] as string).replaceAll(',', ' × ')} (${size[2]})` }),
    mend: card
      ? `nvidia-smi shows who else uses the card; CUDA_VISIBLE_DEVICES chooses another; ${smaller}; what was trained so far: ft train --resume`
      : `${smaller}; what was trained so far: ft train --resume`,
  });
}
