/** What a preprocessing chain at a graph's input comes to: scales, shifts and the order of the channels. */
import { UserError } from '../../errors.js';
import type { Network, Preprocessing } from '../../network/network.js';
import { flipInputChannels } from '../input-scale.js';
import type { OnnxNode } from './graph.js';
import { type ImageChannel, type ImageValue, refuseNode } from './values.js';

/** The channels that the first layer takes. @throws UserError where they are not the three of the input, forwards or backwards */
export function finishedImage({ axes, channels }: ImageValue, node: OnnxNode, where: string): readonly ImageChannel[] {
  const order = channels.map(({ from }) => from).join();
  if (axes.length !== 4 || (order !== '0,1,2' && order !== '2,1,0'))
    return refuseNode(
      where,
      node,
      `takes the channels ${order} of the image as ${axes}`,
      'all three, red to blue or blue to red',
    );
  if (channels.some(({ scale, shift }) => scale === 0 || !Number.isFinite(scale) || !Number.isFinite(shift)))
    return refuseNode(where, node, 'takes an image that its preprocessing wipes out', 'finite scales that are not 0');
  return channels;
}

/** The network with the graph's preprocessing in its own, on RGB. `bgr`: the graph's input is blue, green, red. */
export function withImage(network: Network, image: readonly ImageChannel[], bgr: boolean, where: string): Network {
  const { mean, std } = network.preprocessing;
  // By place in what the first layer takes: the channel of RGB that it is made of.
  const colour = image.map(({ from }) => (bgr ? 2 - from : from));
  const triple = (of: (channel: ImageChannel, colour: 0 | 1 | 2) => number): Preprocessing['mean'] => {
    const result: [number, number, number] = [0, 0, 0];
    for (const [at, channel] of image.entries()) result[colour[at] as 0 | 1 | 2] = of(channel, colour[at] as 0 | 1 | 2);
    return result;
  };
  const changed = {
    ...network,
    preprocessing: {
      mean: triple(({ scale, shift }, at) => mean[at] - (shift * std[at]) / scale),
      std: triple(({ scale }, at) => std[at] / scale),
    },
  };
  if (colour[0] === 0) return changed;
  const input = network.layers[0]?.name ?? '';
  const odd = network.layers.find(({ inputs, kind }) => inputs.includes(input) && kind !== 'conv');
  if (odd !== undefined)
    throw new UserError({
      where,
      what: `the image is blue, green, red, and '${odd.name}' (${odd.kind}) takes it`,
      expected: 'convolutions, whose kernels can be turned round to red, green, blue',
    });
  return flipInputChannels(changed);
}
