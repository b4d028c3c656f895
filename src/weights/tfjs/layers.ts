import { join } from 'node:path';
import { z } from 'zod';
import type { Network, Preprocessing } from '../../network/network.js';
import { refuseUnreadable } from '../keras/limits.js';
import { kerasNetwork } from '../keras/network.js';
import { type Selection, select } from '../keras/select.js';
import { readTopology } from '../keras/topology.js';
import { checkedModel, readModelJson } from './manifest.js';
import { neededWeights } from './needed.js';

export interface TfjsLayersOptions extends Selection {
  name: string;
  side: number;
  preprocessing: Preprocessing;
}

/**
 * Reads the folder of a tfjs layers model (`model.json` and its weight files) into a Network: the topology is cut first, and only the
 * weights that the rest needs are read and decoded (quantised ones too). Zero-padding layers become the explicit padding of the
 * windows after them; layers that do nothing at inference are left out.
 */
export async function readTfjsLayers(folder: string, options: TfjsLayersOptions): Promise<Network> {
  const where = folder;
  const file = checkedModel(await readModelJson(folder), 'layers', z.unknown(), join(folder, 'model.json'));
  const selected = select(readTopology(file.topology, where), options, where);
  refuseUnreadable(selected.topology, where);
  const tensors = neededWeights(folder, selected.topology, file.groups);
  return kerasNetwork(selected, ({ name }) => tensors.get(name) ?? new Map(), options, where);
}
