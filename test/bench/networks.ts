import { loadBackbone } from '../../src/backbones/registry.js';
import type { Network, Variable } from '../../src/network/network.js';
import type { Progress } from '../../src/progress.js';
import { u } from '../train/formula.js';
import { efficientnetLite0 } from './efficientnet-lite0.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import type { NetworkName } from './network-names.js';
import { resnet50 } from './resnet50.js';

/** What the formula is scaled by and shifted to, by role; kernels by their fan-in (He et al. 2015). The same in formula.py. */
function scaled(name: string, role: Variable['role'], shape: readonly number[]): readonly [scale: number, shift: number] {
  switch (role) {
    case 'kernel': {
      const depthwise = name.includes('_depthwise');
      const fanIn = shape.slice(0, depthwise ? 2 : -1).reduce((product, size) => product * size, 1);
      // What joins a shortcut is kept small, or the sums would grow from block to block.
      return [Math.sqrt(24 / fanIn) * (/_(c|project)\/kernel$/.test(name) ? 0.3 : 1), 0];
    }
    case 'bias':
    case 'beta':
    case 'mean':
      return [0.2, 0];
    case 'gamma':
    case 'variance':
      return [0.2, 1];
  }
}

/** Values that PyTorch and Keras make too, from the variable's name alone: no file has to be shared. */
export function formulaValues(name: string, role: Variable['role'], shape: readonly number[]): Float32Array {
  const [scale, shift] = scaled(name, role, shape);
  const size = shape.reduce((product, length) => product * length, 1);
  // A plain loop: `Float32Array.from` gathers all values in a JS array first, which would count as peak memory.
  const drawn = u(name, size);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = (drawn[i] as number) * scale + shift;
  return values;
}

/** A network with the formula's values: speed does not depend on them, and equal losses show that the work is equal. */
export async function benchNetwork(name: NetworkName, progress: Progress): Promise<Network> {
  const network = await topology(name, progress);
  const variables = new Map(
    [...network.variables].map(([key, variable]): [string, Variable] => [
      key,
      { ...variable, values: formulaValues(key, variable.role, variable.shape) },
    ]),
  );
  return { ...network, variables };
}

/** A network whose values do not matter. */
export async function topology(name: NetworkName, progress: Progress): Promise<Network> {
  switch (name) {
    case 'resnet50-thin':
      return (await loadBackbone('resnet50-thin', { progress })).network;
    case 'resnet50':
      return resnet50();
    case 'mobilenet-v1':
      return mobilenetV1();
    case 'mobilenet-v2':
      return mobilenetV2();
    case 'efficientnet-lite0':
      return efficientnetLite0();
  }
}
