import type { ActivationName } from '../network/network.js';
import type { TopologyBuilder } from './topology.js';

/**
 * Squeeze-and-excitation (Hu et al. 2017): each channel times a factor in 0 … 1 that follows from the means of all channels, by two layers.
 * `NAME_se_pool`, `NAME_se_reduce` and `NAME_se_expand` with their activations, `NAME_se`.
 */
export function squeezeExcite(
  net: TopologyBuilder,
  name: string,
  squeezed: number,
  activation: ActivationName,
  gate: 'sigmoid' | 'hard-sigmoid',
): void {
  const map = net.place;
  net.globalPool(`${name}_se_pool`, true);
  net.conv(`${name}_se_reduce`, squeezed, { bias: true }).activation(`${name}_se_reduce`, activation);
  net.conv(`${name}_se_expand`, map.channels, { bias: true }).activation(`${name}_se_expand`, gate);
  net.multiply(`${name}_se`, map);
}
