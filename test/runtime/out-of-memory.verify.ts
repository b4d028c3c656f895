import { expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { createProgram } from '../../src/runtime/program.js';
import { type Scalar, tf } from '../../src/runtime/tensorflow.js';

const scalar = { shape: [], dtype: 'float32' } as const;

/** TensorFlow asks for half a minute before it gives up. */
it('a session without memory says what found no room, and what to do', () => {
  const program = createProgram(
    'traced',
    {},
    {
      huge: {
        signature: { inputs: { x: scalar } },
        // 256 TiB: more than a process can have.
        fn: ({ x }) => ({ outputs: { sum: tf.sum(tf.broadcastTo(x as Scalar, [2 ** 23, 2 ** 23])) } }),
      },
    },
  );
  const run = () => program.run('huge', { x: Float32Array.of(2) });
  expect(run).toThrow(UserError);
  expect(run).toThrow(/no memory left for this/);
  expect(run).toThrow(/8388608 × 8388608 \(float\)/);
  program.close();
});
