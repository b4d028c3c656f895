import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attr, GraphBuilder, graphName } from '../../runtime/graph/builder.js';
import { DT } from '../../runtime/graph/proto.js';
import { type Asset, writeAssets } from './assets.js';
import {
  checkpointKey,
  NODES,
  rootChildren,
  type SavedVariable,
  saveNode,
  trainableChildren,
  writeVariables,
} from './checkpoint.js';
import type { Endpoint, FunctionGraph } from './function.js';
import { encoded, type Fields, shapeFields } from './messages.js';

/** The version of GraphDef that TensorFlow 2.21 writes, and the oldest reader that understands it. */
const VERSIONS = { producer: 1286, min_consumer: 12 };
/** Of SaverDef: checkpoints of the second version. */
const SAVER_V2 = 2;
const OBJECT = { producer: 1, min_consumer: 1 };

/** A signature: a function and what of its graph comes out. */
export interface SavedFunction {
  readonly function: FunctionGraph;
  readonly outputs: Readonly<Record<string, Endpoint & { readonly place: string }>>;
  /** Functions that it calls. */
  readonly calls?: readonly Fields[];
}

/**
 * Writes a SavedModel of functions over variables, with the object graph by which Python's `tf.saved_model.load` finds both: variables
 * can be trained on and the whole saved again; converters, TF Serving and the C API take it by its signatures.
 * The form is that of tf.saved_model.save (tensorflow/core/protobuf/saved_object_graph.proto).
 */
export async function writeFunctions(
  folder: string,
  functions: Readonly<Record<string, SavedFunction>>,
  variables: readonly SavedVariable[],
  assets: readonly Asset[] = [],
): Promise<void> {
  const graph = new GraphBuilder();
  const handles = new Map(variables.map((variable) => [variable.name, handleOf(graph, variable)]));
  const signatures: Record<string, Fields> = {};
  const definitions: Fields[] = [];
  for (const [name, { function: body, outputs: unsorted, calls = [] }] of Object.entries(functions)) {
    const outputs = inOrder(unsorted);
    const inner = innerName(name);
    definitions.push(...calls, body.definition(inner, outputs));
    signatures[name] = signature(graph, name, inner, body, outputs, handles);
  }
  const saver = saverOf(graph, variables, handles);
  await writeVariables(folder, variables, assets);
  const assetFiles = await writeAssets(folder, graph, assets);
  const bytes = encoded('SavedModel', {
    saved_model_schema_version: 1,
    meta_graphs: [
      {
        meta_info_def: { tags: ['serve'], tensorflow_version: '2.21.0', tensorflow_git_version: 'ft' },
        graph_def: {
          node: graph.nodes().map((node) => node.serializeBinary()),
          library: { function: definitions },
          versions: VERSIONS,
        },
        saver_def: saver,
        signature_def: signatures,
        asset_file_def: assetFiles,
        object_graph_def: objectGraph(functions, variables, assets),
      },
    ],
  });
  await writeFile(join(folder, 'saved_model.pb'), bytes);
}

/** A function's results are told apart by their place, and Python flattens a dict in the order of its keys. */
function inOrder(outputs: SavedFunction['outputs']): SavedFunction['outputs'] {
  return Object.fromEntries(Object.entries(outputs).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function innerName(signatureName: string): string {
  return `__inference_signature_wrapper_${signatureName}`;
}

function handleOf(graph: GraphBuilder, { name, shape }: SavedVariable): string {
  return graph.variable(graphName(name), DT.float32, shape, name);
}

/** The call of a function in the main graph, and the signature that names its ends. */
function signature(
  graph: GraphBuilder,
  name: string,
  inner: string,
  { inputs, variables }: FunctionGraph,
  outputs: SavedFunction['outputs'],
  handles: ReadonlyMap<string, string>,
): Fields {
  const places = inputs.map((input) => graph.placeholder(`${name}_${input.name}`, input.dtype, input.shape));
  const taken = variables.map((variable) => handles.get(variable) as string);
  const call = graph.node('StatefulPartitionedCall', 'StatefulPartitionedCall', [...places, ...taken], {
    Tin: attr.list('type', [...inputs.map(({ dtype }) => dtype), ...taken.map(() => DT.resource)]),
    Tout: attr.list(
      'type',
      Object.values(outputs).map(({ dtype }) => dtype),
    ),
    f: attr.func(inner),
    config: attr.string(''),
    config_proto: attr.string(''),
    executor_type: attr.string(''),
  });
  const info = (place: string, { dtype, shape }: Endpoint) => ({ name: place, dtype, tensor_shape: shapeFields(shape) });
  return {
    inputs: Object.fromEntries(inputs.map((input, at) => [input.name, info(`${places[at]}:0`, input)])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([key, output], at) => [key, info(`${call}:${at}`, output)])),
    method_name: 'tensorflow/serving/predict',
  };
}

/** Nodes that write all variables into a checkpoint and read them from one. */
function saverOf(graph: GraphBuilder, variables: readonly SavedVariable[], handles: ReadonlyMap<string, string>): Fields {
  const filename = graph.placeholder('saver_filename', DT.string, []);
  const keys = [...variables.keys()].map(checkpointKey);
  const types = variables.map(() => DT.float32);
  const places = variables.map(({ name }) => handles.get(name) as string);
  const reads = places.map((handle) => graph.node('ReadVariableOp', 'save/read', [handle], { dtype: attr.type(DT.float32) }));
  const saved = saveNode(graph, filename, { keys, places: reads, types });
  const done = graph.node('Identity', 'save/done', [filename, `^${saved}`], { T: attr.type(DT.string) });
  const names = graph.strings('restore/names', [keys.length], keys);
  const slices = graph.strings(
    'restore/slices',
    [keys.length],
    keys.map(() => ''),
  );
  const restored = graph.node('RestoreV2', 'restore', [filename, names, slices], { dtypes: attr.list('type', types) });
  const assigned = places.map((handle, at) =>
    graph.node('AssignVariableOp', 'restore/assign', [handle, at === 0 ? restored : `${restored}:${at}`], {
      dtype: attr.type(DT.float32),
    }),
  );
  const all = graph.node(
    'NoOp',
    'restore/all',
    assigned.map((name) => `^${name}`),
    {},
  );
  return {
    filename_tensor_name: `${filename}:0`,
    save_tensor_name: `${done}:0`,
    restore_op_name: all,
    version: SAVER_V2,
  };
}

function objectGraph(
  functions: Readonly<Record<string, SavedFunction>>,
  variables: readonly SavedVariable[],
  assets: readonly Asset[],
): Fields {
  const names = Object.keys(functions);
  const firstFunction = NODES.firstVariable + variables.length + assets.length;
  const numbers = new Map(variables.map(({ name }, index) => [name, NODES.firstVariable + index]));
  const list = { identifier: 'trackable_list_wrapper', version: OBJECT };
  const spec = (name: string, { dtype, shape }: Endpoint) => ({
    tensor_spec_value: { name, dtype, shape: shapeFields(shape) },
  });
  return {
    nodes: [
      { children: rootChildren(variables, assets), user_object: { identifier: '_generic_user_object', version: OBJECT } },
      {
        children: variables.map((_, index) => ({ node_id: NODES.firstVariable + index, local_name: String(index) })),
        user_object: list,
      },
      { children: trainableChildren(variables), user_object: list },
      {
        children: names.map((name, at) => ({ node_id: firstFunction + at, local_name: name })),
        user_object: { identifier: 'signature_map', version: OBJECT },
      },
      ...variables.map(({ name, shape, trainable }) => ({
        variable: { dtype: DT.float32, shape: shapeFields(shape), trainable, name },
      })),
      ...assets.map((_, at) => ({ asset: { asset_file_def_index: at } })),
      ...Object.entries(functions).map(([name, { function: body }]) => ({
        bare_concrete_function: {
          concrete_function_name: innerName(name),
          argument_keywords: body.inputs.map((input) => input.name),
          allowed_positional_arguments: 1,
        },
      })),
    ],
    concrete_functions: Object.fromEntries(
      Object.entries(functions).map(([name, { function: body, outputs }]) => [
        innerName(name),
        {
          bound_inputs: body.variables.map((variable) => numbers.get(variable)),
          canonicalized_input_signature: {
            tuple_value: {
              values: [
                { tuple_value: { values: [] } },
                { dict_value: { fields: Object.fromEntries(body.inputs.map((input) => [input.name, spec(input.name, input)])) } },
              ],
            },
          },
          output_signature: {
            dict_value: { fields: Object.fromEntries(Object.entries(outputs).map(([key, output]) => [key, spec(key, output)])) },
          },
        },
      ]),
    ),
  };
}
