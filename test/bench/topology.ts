/**
 * Prints a network of the benchmark as JSON, without its values, for a peer to build.
 *   tsx test/bench/topology.ts resnet50
 */
import { silent } from '../../src/progress.js';
import type { NetworkName } from './network-names.js';
import { topology } from './networks.js';

const network = await topology(process.argv[2] as NetworkName, silent);
const variables = [...network.variables.values()].map(({ name, shape }) => ({ name, shape }));
process.stdout.write(`${JSON.stringify({ ...network, variables })}\n`);
