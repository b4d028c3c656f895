import { GELU_TANH } from '../../network/gelu.js';
import type { ActivationLayer } from '../../network/network.js';
import type { GraphParts } from './graph-parts.js';

/** Adds the nodes of an activation, at opset 17: it has neither Gelu (20) nor Mish (18). */
export function writeActivation({ activation, slope }: ActivationLayer, input: string, name: string, parts: GraphParts): unknown {
  const scalar = (suffix: string, value: number) => parts.floats(`${name}/${suffix}`, [], Float32Array.of(value));
  switch (activation) {
    case 'linear':
      return parts.node('Identity', [input], name);
    case 'relu':
      return parts.node('Relu', [input], name);
    case 'relu6':
      return parts.node('Clip', [input, scalar('low', 0), scalar('high', 6)], name);
    case 'sigmoid':
      return parts.node('Sigmoid', [input], name);
    case 'tanh':
      return parts.node('Tanh', [input], name);
    case 'softmax':
      return parts.node('Softmax', [input], name, { axis: 1 });
    case 'swish':
      return parts.node('Mul', [input, parts.node('Sigmoid', [input], `${name}/gate`)], name);
    case 'hard-sigmoid':
      return parts.node('HardSigmoid', [input], name, { alpha: 1 / 6, beta: 0.5 });
    case 'hard-swish':
      return parts.node('HardSwish', [input], name);
    case 'gelu': {
      const scaled = parts.node('Div', [input, scalar('root', Math.SQRT2)], `${name}/scaled`);
      const shifted = parts.node('Add', [parts.node('Erf', [scaled], `${name}/erf`), scalar('one', 1)], `${name}/shifted`);
      return parts.node('Mul', [parts.node('Mul', [input, shifted], `${name}/product`), scalar('half', 0.5)], name);
    }
    case 'gelu-tanh': {
      const square = parts.node('Mul', [input, input], `${name}/square`);
      const cube = parts.node(
        'Mul',
        [parts.node('Mul', [square, input], `${name}/cube`), scalar('cubic', GELU_TANH.cubic)],
        `${name}/term`,
      );
      const sum = parts.node('Add', [input, cube], `${name}/sum`);
      const gate = parts.node(
        'Tanh',
        [parts.node('Mul', [sum, scalar('root', GELU_TANH.root)], `${name}/scaled`)],
        `${name}/tanh`,
      );
      const product = parts.node(
        'Mul',
        [input, parts.node('Add', [gate, scalar('one', 1)], `${name}/shifted`)],
        `${name}/product`,
      );
      return parts.node('Mul', [product, scalar('half', 0.5)], name);
    }
    case 'elu':
      return parts.node('Elu', [input], name);
    case 'selu':
      return parts.node('Selu', [input], name);
    case 'softplus':
      return parts.node('Softplus', [input], name);
    case 'mish':
      return parts.node(
        'Mul',
        [input, parts.node('Tanh', [parts.node('Softplus', [input], `${name}/softplus`)], `${name}/gate`)],
        name,
      );
    case 'leaky-relu':
      return parts.node('LeakyRelu', [input], name, { alpha: slope ?? 0 });
  }
}
