import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestName, UserError } from '../../errors.js';
import type { Network } from '../../network/network.js';
import type { NamedTensor } from '../named-tensor.js';
import { readCheckpoint } from './checkpoint.js';
import { type GraphNode, plainReference, splitReference, type TensorflowGraph, tensorOf, textOf, textsOf } from './graph.js';
import { type GraphOptions, graphNetwork } from './graph-network.js';
import { inlineFunctions } from './inline.js';
import { keysOf, parseSavedModel, type ReadMetaGraph } from './messages.js';
import { readProtoGraph } from './proto-node.js';

export interface SavedModelOptions extends GraphOptions {
  /** The signature whose output is looked at; left out: `serving_default`, else the first. */
  readonly signature?: string;
}

const VARIABLES = new Set(['VariableV2', 'Variable']);

/**
 * Reads a SavedModel (`saved_model.pb`, and `variables/` where its weights are not frozen into the graph) as a Network: of
 * TensorFlow 1 and 2, Keras 2 and 3.
 * @throws UserError for a file that is not whole, and operations that ft does not read
 */
export async function readSavedModel(folder: string, options: SavedModelOptions): Promise<Network> {
  const where = join(folder, 'saved_model.pb');
  const bytes = await readFile(where).catch((error: NodeJS.ErrnoException) => {
    throw new UserError({
      where,
      what: error.code === 'ENOENT' ? 'there is no saved_model.pb here' : `it cannot be read (${error.code})`,
      expected: 'the folder of a SavedModel: saved_model.pb and variables/',
    });
  });
  const meta = serving(parsed(bytes, where), where);
  const definition = meta.getGraphDef();
  if (definition === undefined) throw new UserError({ where, what: 'this SavedModel holds no graph' });
  let nodes: ReadonlyMap<string, GraphNode>;
  try {
    nodes = inlineFunctions(readProtoGraph(definition, where), where);
  } catch (error) {
    throw error instanceof UserError ? error : broken(error, bytes, where);
  }
  const stored = [...nodes.values()].some((node) => node.op === 'VarHandleOp' || VARIABLES.has(node.op));
  const checkpoint = stored ? await readCheckpoint(join(folder, 'variables', 'variables')) : new Map<string, NamedTensor>();
  const keys = checkpointKeys(nodes);
  const variable = (node: GraphNode): NamedTensor => {
    const key = keys.get(node.name) ?? textOf(node, 'shared_name', '') ?? node.name;
    const found = checkpoint.get(key) ?? checkpoint.get(node.name);
    if (found === undefined)
      throw new UserError({
        where,
        what: `the variable '${node.name}' is not in the checkpoint`,
        found: `${checkpoint.size} others`,
      });
    return found;
  };
  const graph: TensorflowGraph = {
    nodes,
    outputs: signatureOutputs(meta, options.signature, where),
    constant: (node) => {
      if (node.op === 'Const') return tensorOf(node, 'value');
      if (VARIABLES.has(node.op)) return variable(node);
      if (node.op !== 'ReadVariableOp') return undefined;
      const handle = behind(node.inputs[0] ?? '', nodes);
      return handle?.op === 'VarHandleOp' ? variable(handle) : undefined;
    },
  };
  return graphNetwork(graph, options, folder);
}

function parsed(bytes: Buffer, where: string): ReadMetaGraph[] {
  try {
    return parseSavedModel(bytes);
  } catch (error) {
    throw broken(error, bytes, where);
  }
}

function broken(error: unknown, bytes: Buffer, where: string): UserError {
  return new UserError({
    where,
    what: 'this is not a whole SavedModel',
    found: `${bytes.length} bytes; ${error instanceof Error ? error.message : String(error)}`,
    mend: 'fetch it again',
  });
}

/** The graph for serving, else the first. */
function serving(graphs: readonly ReadMetaGraph[], where: string): ReadMetaGraph {
  const found = graphs.find((graph) => graph.getMetaInfoDef()?.getTagsList().includes('serve')) ?? graphs[0];
  if (found === undefined) throw new UserError({ where, what: 'this SavedModel holds no graph', mend: 'fetch it again' });
  return found;
}

function signatureOutputs(meta: ReadMetaGraph, wanted: string | undefined, where: string): string[] {
  const map = meta.getSignatureDefMap();
  const names = keysOf(map).filter((name) => !name.startsWith('__'));
  if (wanted !== undefined && !names.includes(wanted)) {
    const near = nearestName(wanted, names);
    throw new UserError({
      where,
      what: `there is no signature '${wanted}'`,
      expected: names.join(', '),
      ...(near === undefined ? {} : { mend: `did you mean '${near}'?` }),
    });
  }
  const chosen = wanted ?? (names.includes('serving_default') ? 'serving_default' : names[0]);
  const outputs = chosen === undefined ? undefined : map.get(chosen)?.getOutputsMap();
  return outputs === undefined ? [] : keysOf(outputs).map((key) => plainReference(outputs.get(key)?.getName() ?? ''));
}

/** The node behind a reference, past the arguments and results of calls. */
function behind(reference: string, nodes: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  let [name, output] = splitReference(reference);
  // Each step follows one node: a chain longer than the graph is a loop.
  for (let left = nodes.size; left >= 0; left--) {
    const node = nodes.get(name);
    if (node?.op !== 'Identity' && node?.op !== 'IdentityN') return node;
    [name, output] = splitReference(node.inputs[output] ?? '');
  }
  return undefined;
}

/**
 * The checkpoint's key of each variable, by the name of its node: what the graph itself would restore it from
 * (`AssignVariableOp(variable, RestoreV2(prefix, names, …)[i])`).
 */
function checkpointKeys(nodes: ReadonlyMap<string, GraphNode>): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const node of nodes.values()) {
    if (node.op !== 'AssignVariableOp' && node.op !== 'Assign') continue;
    const [target = '', value = ''] = node.inputs;
    const source = restored(value, nodes);
    const variable = behind(target, nodes);
    if (source !== undefined && variable !== undefined) keys.set(variable.name, source);
  }
  return keys;
}

function restored(value: string, nodes: ReadonlyMap<string, GraphNode>): string | undefined {
  let [name, output] = splitReference(value);
  for (let left = 32; left >= 0; left--) {
    const node = nodes.get(name);
    if (node?.op === 'RestoreV2') {
      const names = nodes.get(splitReference(node.inputs[1] ?? '')[0]);
      return names === undefined ? undefined : textsOf(names, 'value')[output];
    }
    if (node?.op !== 'Identity' && node?.op !== 'IdentityN') return undefined;
    [name, output] = splitReference(node.inputs[output] ?? '');
  }
  return undefined;
}
