import { access, readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.js';
import type { Network } from '../../network/network.js';
import { tf } from '../../runtime/tensorflow.js';
import type { NamedTensor } from '../named-tensor.js';
import { bytesOf, readGroup, refuseRepeats, type WeightEntry, type WeightGroup } from '../tfjs/manifest.js';
import { plainReference, type TensorflowGraph } from './graph.js';
import { type GraphOptions, graphNetwork } from './graph-network.js';
import { nodeSchema, readJsonNode } from './tfjs-graph-json.js';

const endpoints = z.record(z.string(), z.looseObject({ name: z.string().nullish() }));
const signature = z.looseObject({ outputs: endpoints.nullish() });
const fileSchema = z.looseObject({
  modelTopology: z.looseObject({ node: z.array(nodeSchema).min(1) }),
  signature: signature.nullish(),
  userDefinedMetadata: z.looseObject({ signature: signature.nullish() }).nullish(),
  weightsManifest: z.array(
    z.looseObject({
      paths: z.array(z.string()).min(1),
      weights: z.array(
        z.looseObject({
          name: z.string(),
          shape: z.array(z.int().nonnegative()),
          dtype: z.string(),
          quantization: z.looseObject({ dtype: z.string() }).optional(),
        }),
      ),
    }),
  ),
});

/**
 * Reads the folder of a tfjs graph model (`model.json` with the format 'graph-model', and its weight files, quantised or
 * not) as a Network.
 * @throws UserError for a folder that is not one, weights that are not whole, and operations that ft does not read
 */
export async function readTfjsGraph(folder: string, options: GraphOptions): Promise<Network> {
  const where = join(folder, 'model.json');
  const text = await readFile(where, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where,
      what: error.code === 'ENOENT' ? 'there is no model.json here' : `it cannot be read (${error.code})`,
      expected: 'the folder of a converted tfjs graph model: model.json and its weight files',
    });
  });
  const file = parse(text, where);
  const nodes = new Map(file.modelTopology.node.map((node) => [node.name, readJsonNode(node)]));
  const weights = await readWeights(folder, file.weightsManifest, where);
  const outputs = (file.signature ?? file.userDefinedMetadata?.signature)?.outputs ?? {};
  const graph: TensorflowGraph = {
    nodes,
    constant: (node) => (node.op === 'Const' ? weights.get(node.name) : undefined),
    outputs: Object.entries(outputs).map(([key, { name }]) => plainReference(name ?? key)),
  };
  return graphNetwork(graph, options, folder);
}

function parse(text: string, where: string): z.infer<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError({
      where,
      what: 'it is not whole JSON',
      found: error instanceof Error ? error.message : String(error),
      mend: 'fetch or convert it again',
    });
  }
  const result = fileSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UserError({
    where: `${where}: ${issue?.path.join('.') ?? ''}`,
    what: 'this is not the model.json of a tfjs graph model',
    found: issue?.message ?? '',
  });
}

/** The weights of a manifest by name. The files are read and measured now; a weight is decoded when it is asked for. */
async function readWeights(
  folder: string,
  groups: readonly WeightGroup[],
  where: string,
): Promise<ReadonlyMap<string, NamedTensor>> {
  refuseRepeats(groups, where);
  const weights = new Map<string, NamedTensor>();
  for (const group of groups) {
    const paths = await Promise.all(group.paths.map((path) => localPath(folder, path, where)));
    const bytes = await readGroup(folder, { ...group, paths });
    let at = 0;
    for (const weight of group.weights) {
      const next = at + bytesOf(weight, folder);
      const own = bytes.subarray(at, next);
      weights.set(weight.name, { shape: weight.shape, values: () => decoded(weight, own, folder) });
      at = next;
    }
  }
  return weights;
}

/** Where a weight file lies in the folder: its path there, or for one with an address of its own, its name. */
async function localPath(folder: string, path: string, where: string): Promise<string> {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  const local = address ? basename(path.replace(/[?#].*$/, '')) : path;
  if (local === '' || isAbsolute(local) || normalize(local).split(/[\\/]/)[0] === '..')
    throw new UserError({ where, what: `the weight file '${path}' would lie outside the model's folder` });
  await access(join(folder, local)).catch(() => {
    throw new UserError({
      where: join(folder, local),
      what: address ? `the model names its weights at '${path}', and they are not in its folder` : 'there is no such weight file',
      mend: address ? `fetch it into ${folder}` : 'fetch or convert the model again',
    });
  });
  return local;
}

function decoded(weight: WeightEntry, bytes: Buffer, where: string): Float32Array {
  try {
    return tf.tidy(() => {
      const data = new Uint8Array(bytes).buffer;
      const tensor = tf.io.decodeWeights(data, [weight as never])[weight.name];
      return Float32Array.from(tensor?.dataSync() ?? []);
    });
  } catch (error) {
    throw new UserError({
      where,
      what: `tfjs cannot decode the weight '${weight.name}'`,
      found: error instanceof Error ? error.message : String(error),
    });
  }
}
