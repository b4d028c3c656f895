import { attr, GraphBuilder } from '../../runtime/graph/builder.js';
import { outputReference } from '../../runtime/graph/output-names.js';
import { DT, type NodeMessage } from '../../runtime/graph/proto.js';
import { type Fields, shapeFields } from './messages.js';

export interface Endpoint {
  readonly dtype: number;
  readonly shape: readonly number[];
}

/** An argument of a function: what is fed, or the handle of a variable. */
interface Argument extends Endpoint {
  readonly name: string;
  /** Of a handle: the variable. */
  readonly variable?: string;
}

/** A TensorFlow function in the making: a graph whose placeholders become arguments. */
export class FunctionGraph {
  readonly graph = new GraphBuilder();
  private readonly args: Argument[] = [];
  private readonly reads = new Map<string, string>();

  /** An argument that is fed; gives its place in the graph. */
  input(name: string, dtype: number, shape: readonly number[]): string {
    this.args.push({ name, dtype, shape });
    return this.graph.placeholder(name, dtype, shape);
  }

  /** The value of a variable; gives its place in the graph. */
  variable(name: string, shape: readonly number[]): string {
    const known = this.reads.get(name);
    if (known !== undefined) return known;
    const handle = `variable_${this.reads.size}`;
    this.args.push({ name: handle, dtype: DT.resource, shape, variable: name });
    const read = this.graph.node('ReadVariableOp', `${handle}/read`, [this.graph.placeholder(handle, DT.resource, [])], {
      dtype: attr.type(DT.float32),
    });
    this.reads.set(name, read);
    return read;
  }

  /** Of the variables whose handles are taken, in the order of the arguments, which follow what is fed. */
  get variables(): readonly string[] {
    return this.args.flatMap(({ variable }) => variable ?? []);
  }

  get inputs(): readonly Argument[] {
    return this.args.filter(({ variable }) => variable === undefined);
  }

  /** The fields of a FunctionDef. @param results places in the graph, by the names of the outputs */
  definition(name: string, results: Readonly<Record<string, Endpoint & { readonly place: string }>>): Fields {
    const args = [...this.inputs, ...this.args.filter(({ variable }) => variable !== undefined)];
    const nodes = this.graph.nodes();
    const operations = new Map(nodes.map((node) => [node.getName(), node.getOp()]));
    return {
      signature: {
        name,
        input_arg: args.map(({ name: argument, dtype, shape, variable }) => ({
          name: argument,
          type: dtype,
          ...(variable === undefined ? {} : { handle_data: [{ dtype: DT.float32, shape: shapeFields(shape) }] }),
        })),
        output_arg: Object.entries(results).map(([key, { dtype }]) => ({ name: key, type: dtype })),
        is_stateful: true,
      },
      node_def: nodes.filter((node) => node.getOp() !== 'Placeholder').map((node) => inFunction(node, operations)),
      ret: Object.fromEntries(Object.entries(results).map(([key, { place }]) => [key, reference(place, operations)])),
      // tf2onnx takes the arguments' shapes from here.
      attr: {
        _input_shapes: { list: { shape: args.map(({ shape, variable }) => shapeFields(variable === undefined ? shape : [])) } },
      },
    };
  }
}

function inFunction(node: NodeMessage, operations: ReadonlyMap<string, string>): Uint8Array {
  node.setInputList(node.getInputList().map((place) => reference(place, operations)));
  return node.serializeBinary();
}

/** `node:output` of a graph as `node:name of the output:number` of a function; an argument by its name alone. */
function reference(place: string, operations: ReadonlyMap<string, string>): string {
  if (place.startsWith('^')) return place;
  const [node = '', index = '0'] = place.split(':');
  const operation = operations.get(node);
  if (operation === undefined) throw new Error(`the graph has no node '${node}'`);
  return operation === 'Placeholder' ? node : outputReference(node, operation, Number(index));
}
