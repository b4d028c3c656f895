import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attr, GraphBuilder } from '../../runtime/graph/builder.js';
import { DT } from '../../runtime/graph/proto.js';
import { SESSION_TAG, Session } from '../../runtime/session.js';
import type { Asset } from './assets.js';
import { encoded } from './messages.js';

/** A variable of a SavedModel: its value, and whether it is for training. */
export interface SavedVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly trainable: boolean;
}

/** Under which root's child the variables lie, one by one. */
export const VARIABLES = 'variables';
const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH';

export function checkpointKey(index: number): string {
  return `${VARIABLES}/${index}/.ATTRIBUTES/VARIABLE_VALUE`;
}

/** Node numbers of the objects, the same in the model's object graph and in the checkpoint's; assets follow the variables. */
export const NODES = { root: 0, list: 1, trainable: 2, signatures: 3, firstVariable: 4 } as const;

/** Writes `variables/` of a SavedModel by TensorFlow's own operation, so that its format is TensorFlow's. */
export async function writeVariables(
  folder: string,
  variables: readonly SavedVariable[],
  assets: readonly Asset[],
): Promise<void> {
  await mkdir(join(folder, 'variables'), { recursive: true });
  const graph = new GraphBuilder();
  const values = variables.map(({ shape }, index) => graph.placeholder(`value_${index}`, DT.float32, shape));
  const objects = graph.strings('objects', [], [objectGraph(variables, assets)]);
  const keys = [...variables.keys()].map(checkpointKey);
  const saved = saveNode(graph, graph.strings('prefix', [], [join(folder, 'variables', 'variables')]), {
    keys: [...keys, OBJECT_GRAPH],
    places: [...values, objects],
    types: [...values.map(() => DT.float32), DT.string],
  });
  const one = graph.constant('one', DT.int32, [], new Uint8Array(Int32Array.of(1).buffer));
  const done = graph.node('Identity', 'done', [one, `^${saved}`], { T: attr.type(DT.int32) });
  const session = Session.fromGraph(graph.savedModel(SESSION_TAG));
  try {
    session.run(
      variables.map(({ values: fed, shape }, index) => ({ name: `value_${index}`, values: fed, shape })),
      [done],
    );
  } finally {
    session.close();
  }
}

interface Saved {
  readonly keys: readonly string[];
  readonly places: readonly string[];
  readonly types: readonly number[];
}

/** A node that writes tensors into a checkpoint; gives its name. */
export function saveNode(graph: GraphBuilder, prefix: string, { keys, places, types }: Saved): string {
  const names = graph.strings('save/names', [keys.length], keys);
  const whole = graph.strings(
    'save/slices',
    [keys.length],
    keys.map(() => ''),
  );
  return graph.node('SaveV2', 'save', [prefix, names, whole, ...places], { dtypes: attr.list('type', types) });
}

function objectGraph(variables: readonly SavedVariable[], assets: readonly Asset[]): Uint8Array {
  const children = variables.map((_, index) => ({ node_id: NODES.firstVariable + index, local_name: String(index) }));
  return encoded('TrackableObjectGraph', {
    nodes: [
      { children: rootChildren(variables, assets) },
      { children },
      { children: trainableChildren(variables) },
      {},
      ...variables.map(({ name }, index) => ({
        attributes: [{ name: 'VARIABLE_VALUE', full_name: name, checkpoint_key: checkpointKey(index) }],
      })),
      ...assets.map(() => ({})),
    ],
  });
}

export function rootChildren(variables: readonly SavedVariable[], assets: readonly Asset[]) {
  return [
    { node_id: NODES.list, local_name: VARIABLES },
    { node_id: NODES.trainable, local_name: 'trainable_variables' },
    { node_id: NODES.signatures, local_name: 'signatures' },
    ...assets.map(({ name }, at) => ({ node_id: NODES.firstVariable + variables.length + at, local_name: name })),
  ];
}

export function trainableChildren(variables: readonly SavedVariable[]) {
  const trainable = [...variables.entries()].filter(([, { trainable: trained }]) => trained);
  return trainable.map(([index], at) => ({ node_id: NODES.firstVariable + index, local_name: String(at) }));
}
