import { all } from './all.js';
import { batchEasy } from './batch-easy.js';
import { batchHard } from './batch-hard.js';
import type { Miner, MinerName } from './miner.js';
import { naive } from './naive.js';
import { semiHard } from './semi-hard.js';

/** The miners by the name that a recipe gives them. */
export const miners: ReadonlyMap<MinerName, Miner> = new Map<MinerName, Miner>([
  ['semi-hard', semiHard],
  ['naive', naive],
  ['batch-hard', batchHard],
  ['batch-easy', batchEasy],
  ['all', all],
]);

export type { Miner, MinerName };
