import { relu, relu6 } from '../runtime/ops/activation.js';
import { type Tensor, tf } from '../runtime/tensorflow.js';
import { GELU_TANH } from './gelu.js';
import type { ActivationLayer } from './network.js';

/** An activation layer applied to a map or to vectors. */
export function activate({ activation, slope }: Pick<ActivationLayer, 'activation' | 'slope'>, x: Tensor): Tensor {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return relu(x);
    case 'relu6':
      return relu6(x);
    case 'sigmoid':
      return tf.sigmoid(x);
    case 'tanh':
      return tf.tanh(x);
    case 'swish':
      return tf.mul(x, tf.sigmoid(x));
    case 'softmax':
      return tf.softmax(x);
    case 'gelu':
      return tf.mul(tf.mul(x, tf.scalar(0.5)), tf.add(tf.erf(tf.mul(x, tf.scalar(Math.SQRT1_2))), tf.scalar(1)));
    case 'gelu-tanh': {
      const cube = tf.mul(tf.mul(x, tf.square(x)), tf.scalar(GELU_TANH.cubic));
      const gate = tf.tanh(tf.mul(tf.add(x, cube), tf.scalar(GELU_TANH.root)));
      return tf.mul(tf.mul(x, tf.scalar(0.5)), tf.add(gate, tf.scalar(1)));
    }
    case 'hard-sigmoid':
      return hardSigmoid(x);
    case 'hard-swish':
      return tf.mul(x, hardSigmoid(x));
    case 'elu':
      return tf.elu(x);
    case 'selu':
      return tf.selu(x);
    case 'softplus':
      return tf.softplus(x);
    case 'mish':
      return tf.mul(x, tf.tanh(tf.softplus(x)));
    case 'leaky-relu':
      return tf.leakyRelu(x, slope ?? 0);
  }
}

function hardSigmoid(x: Tensor): Tensor {
  return tf.mul(relu6(tf.add(x, tf.scalar(3))), tf.scalar(1 / 6));
}
