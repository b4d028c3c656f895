import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import type { Network } from '../../network/network.js';
import { checkedModel, groupTensors, hasAddress, localPath, missingFiles, readModelJson } from '../tfjs/manifest.js';
import { plainReference, type TensorflowGraph, tensorOf } from './graph.js';
import { type GraphOptions, graphNetwork } from './graph-network.js';
import { inlineFunctions } from './inline.js';
import { readJsonGraph, topologySchema } from './tfjs-graph-json.js';

const endpoints = z.record(z.string(), z.looseObject({ name: z.string().nullish() }));
const signature = z.looseObject({ outputs: endpoints.nullish() });
const signaturesSchema = z.looseObject({
  signature: signature.nullish(),
  userDefinedMetadata: z.looseObject({ signature: signature.nullish() }).nullish(),
});

/**
 * Reads the folder of a tfjs graph model (`model.json` with the format 'graph-model', and its weight files, quantised or
 * not) as a Network.
 * @throws UserError for a folder that is not one, weights that are not whole, and operations that ft does not read
 */
export async function readTfjsGraph(folder: string, options: GraphOptions): Promise<Network> {
  const where = join(folder, 'model.json');
  const json = await readModelJson(folder);
  const { topology, groups } = checkedModel(json, 'graph', topologySchema, where);
  const weights = new Map(
    groups.flatMap((group) => {
      for (const path of missingFiles(folder, group)) throw missing(folder, path);
      return [...groupTensors(folder, group)];
    }),
  );
  const { signature, userDefinedMetadata } = signaturesSchema.safeParse(json).data ?? {};
  const outputs = (signature ?? userDefinedMetadata?.signature)?.outputs ?? {};
  const graph: TensorflowGraph = {
    nodes: inlineFunctions(readJsonGraph(topology, weights), where),
    constant: (node) => (node.op === 'Const' ? tensorOf(node, 'value') : undefined),
    outputs: Object.entries(outputs).map(([key, { name }]) => plainReference(name ?? key)),
  };
  return graphNetwork(graph, options, folder);
}

function missing(folder: string, path: string): UserError {
  const address = hasAddress(path);
  return new UserError({
    where: join(folder, localPath(path)),
    what: address ? `the model names its weights at '${path}', and they are not in its folder` : 'there is no such weight file',
    mend: address ? `fetch it into ${folder}` : 'fetch or convert the model again',
  });
}
