import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.js';
import type { Device } from './location.js';
import type { Proof } from './prove.js';
import { lastLines, type RunTool, runTool } from './tools.js';

/**
 * What a proof may be off by, relative to the largest number: TensorFlow takes TF32 for float32 on cards, which keeps ten bits of
 * each number, and bfloat16 keeps seven. Twice the rounding of one number, since sums of many even out.
 */
const LIMITS = { fp32: 2 * 2 ** -11, bf16: 2 * 2 ** -8 } as const;

/** Lets one of the two runtimes compute, in a process of its own (prove.ts). @throws UserError where it fails, or is wrong */
export async function proveRuntime(runtime: Device, run: RunTool = runTool): Promise<Proof> {
  const script = fileURLToPath(new URL('prove.ts', import.meta.url));
  const child = await run(process.execPath, ['--import', 'tsx', script], { FT_DEVICE: 'auto', FT_RUNTIME: runtime });
  if (child?.code !== 0)
    throw new UserError({
      what: 'TensorFlow does not compute on this machine',
      found: child?.code === null ? 'the process was ended by a signal' : lastLines(child?.stderr ?? ''),
      mend: 'ft doctor',
    });
  const proof = JSON.parse(child.stdout) as Proof;
  for (const precision of ['fp32', 'bf16'] as const) {
    const { convolution, gradient } = proof.off[precision];
    const most = Math.max(convolution, gradient);
    if (most <= LIMITS[precision]) continue;
    throw new UserError({
      what: `a convolution in ${precision}, or its gradient, comes out wrong ${proof.onCard ? 'on the card' : 'on the processor'}`,
      expected: `within ${LIMITS[precision].toExponential(0)} of plain loops, relative to the largest number`,
      found: most.toExponential(1),
      mend: proof.onCard ? 'FT_DEVICE=cpu, and test the card: nvidia-smi -q -d ECC' : 'test the memory of this machine',
    });
  }
  return proof;
}
