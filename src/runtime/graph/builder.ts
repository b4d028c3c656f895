import {
  type AttrMessage,
  type DefinitionMessage,
  DT,
  type GraphMessage,
  messages,
  type NodeMessage,
  type ShapeMessage,
} from './proto.js';

/** The version of GraphDef that TensorFlow 2.21 writes, and the oldest reader that understands it. */
const PRODUCER = 1286;
const MIN_CONSUMER = 12;

/** A size of −1 is one that is not known before the graph runs. */
export function shapeMessage(shape: readonly number[]): ShapeMessage {
  const message = new messages.TensorShape();
  for (const size of shape) {
    const dim = new messages.TensorShape.Dim();
    dim.setSize(size);
    message.addDim(dim);
  }
  return message;
}

function made(set: (value: AttrMessage) => void): AttrMessage {
  const value = new messages.AttrValue();
  set(value);
  return value;
}

/** Attributes of a node, by kind. */
export const attr = {
  type: (dtype: number) => made((value) => value.setType(dtype)),
  shape: (shape: readonly number[]) => made((value) => value.setShape(shapeMessage(shape))),
  string: (text: string) => made((value) => value.setS(new Uint8Array(Buffer.from(text)))),
  int: (number: number) => made((value) => value.setI(number)),
  float: (number: number) => made((value) => value.setF(number)),
  bool: (flag: boolean) => made((value) => value.setB(flag)),
  tensor: (dtype: number, shape: readonly number[], bytes: Uint8Array) =>
    made((value) => {
      const tensor = new messages.Tensor();
      tensor.setDtype(dtype);
      tensor.setTensorShape(shapeMessage(shape));
      tensor.setTensorContent(bytes);
      value.setTensor(tensor);
    }),
  strings: (shape: readonly number[], values: readonly (string | Uint8Array)[]) =>
    made((value) => {
      const tensor = new messages.Tensor();
      tensor.setDtype(DT.string);
      tensor.setTensorShape(shapeMessage(shape));
      for (const text of values) tensor.addStringVal(typeof text === 'string' ? new Uint8Array(Buffer.from(text)) : text);
      value.setTensor(tensor);
    }),
  /** A function of the graph's library. */
  func: (name: string) =>
    made((value) => {
      const message = new messages.NameAttrList();
      message.setName(name);
      value.setFunc(message);
    }),
  list: (kind: 'string' | 'int' | 'float' | 'bool' | 'type' | 'shape', items: readonly unknown[]) =>
    made((value) => {
      const list = new messages.AttrValue.ListValue();
      for (const item of items) {
        switch (kind) {
          case 'string':
            list.addS(new Uint8Array(Buffer.from(String(item))));
            break;
          case 'int':
            list.addI(item as number);
            break;
          case 'float':
            list.addF(item as number);
            break;
          case 'bool':
            list.addB(item as boolean);
            break;
          case 'type':
            list.addType(item as number);
            break;
          case 'shape':
            list.addShape(shapeMessage(item as readonly number[]));
            break;
        }
      }
      value.setList(list);
    }),
};

/** Names inside a graph: letters, digits and `_ . /`; anything else becomes `_` (the binding forbids the comma). */
export function graphName(name: string): string {
  return name.replace(/[^A-Za-z0-9_./]/g, '_');
}

/** One entry of a SavedModel's signature. */
export interface Endpoint {
  tensor: string;
  dtype: number;
  shape: readonly number[];
}

/** Writes a TensorFlow graph, node by node. Names are made unique here; an input is `node` or `node:output`. */
export class GraphBuilder {
  private readonly graph: GraphMessage;
  private readonly taken = new Map<string, number>();
  private readonly list: NodeMessage[] = [];
  private readonly edges: (readonly [name: string, inputs: readonly string[]])[] = [];
  /** Nodes whose device is said, by its number; see place.ts. */
  readonly pinned = new Map<string, number>();

  constructor() {
    this.graph = new messages.GraphDef();
    const version = new messages.VersionDef();
    version.setProducer(PRODUCER);
    version.setMinConsumer(MIN_CONSUMER);
    this.graph.setVersions(version);
  }

  /** Adds a node and returns its name (`name`, or `name_1`, … where that is taken). */
  node(op: string, name: string, inputs: readonly string[], attributes: Record<string, AttrMessage>): string {
    const count = this.taken.get(name) ?? 0;
    this.taken.set(name, count + 1);
    const unique = count === 0 ? name : `${name}_${count}`;
    const node = new messages.NodeDef();
    node.setOp(op);
    node.setName(unique);
    for (const input of inputs) node.addInput(input);
    const map = node.getAttrMap();
    for (const [key, value] of Object.entries(attributes)) map.set(key, value);
    this.graph.addNode(node);
    this.list.push(node);
    this.edges.push([unique, inputs]);
    return unique;
  }

  constant(name: string, dtype: number, shape: readonly number[], bytes: Uint8Array): string {
    return this.node('Const', name, [], { dtype: attr.type(dtype), value: attr.tensor(dtype, shape, bytes) });
  }

  strings(name: string, shape: readonly number[], values: readonly (string | Uint8Array)[]): string {
    return this.node('Const', name, [], { dtype: attr.type(DT.string), value: attr.strings(shape, values) });
  }

  placeholder(name: string, dtype: number, shape: readonly number[]): string {
    return this.node('Placeholder', name, [], { dtype: attr.type(dtype), shape: attr.shape(shape) });
  }

  /** A variable of the session: its handle. Variables of one shared name are one. */
  variable(name: string, dtype: number, shape: readonly number[], sharedName: string): string {
    return this.node('VarHandleOp', name, [], {
      dtype: attr.type(dtype),
      shape: attr.shape(shape),
      shared_name: attr.string(sharedName),
      container: attr.string(''),
    });
  }

  cast(name: string, place: string, from: number, to: number): string {
    return this.node('Cast', name, [place], { SrcT: attr.type(from), DstT: attr.type(to), Truncate: attr.bool(false) });
  }

  /** A place to fetch for what others do: it comes to its end when they have. The binding's session takes no targets. */
  signal(name: string, after: readonly string[]): string {
    const flag = this.constant(`${name}/flag`, DT.int32, [], new Uint8Array(4));
    return this.node('Identity', name, [flag, ...after.map((node) => `^${node}`)], { T: attr.type(DT.int32) });
  }

  /** Puts a function into the graph's library. */
  define(definition: DefinitionMessage): void {
    const library = this.graph.getLibrary() ?? new messages.FunctionDefLibrary();
    library.addFunction(definition);
    this.graph.setLibrary(library);
  }

  /** The nodes as they stand, in the order in which they were added; for passes that rewrite them. */
  nodes(): readonly NodeMessage[] {
    return this.list;
  }

  /** Lets a node take other inputs. */
  setInputs(node: NodeMessage, inputs: readonly string[]): void {
    node.setInputList([...inputs]);
    this.edges[this.list.indexOf(node)] = [node.getName(), inputs];
  }

  /** How many nodes there are. */
  get size(): number {
    return this.list.length;
  }

  /**
   * Name of the first of this graph's nodes from `start` on that `other` writes differently from `otherStart` on; undefined
   * where they are the same, byte for byte.
   */
  firstDifference(start: number, other: GraphBuilder, otherStart: number): string | undefined {
    const count = Math.max(this.size - start, other.size - otherStart);
    for (let i = 0; i < count; i++) {
      const own = this.list[start + i];
      const twin = other.list[otherStart + i];
      if (own !== undefined && twin !== undefined && Buffer.from(own.serializeBinary()).equals(twin.serializeBinary())) continue;
      return this.edges[start + i]?.[0] ?? other.edges[otherStart + i]?.[0] ?? '';
    }
    return undefined;
  }

  /** Name of the first node that takes `name` as an input. */
  consumerOf(name: string): string | undefined {
    return this.edges.find(([, inputs]) => inputs.includes(name))?.[0];
  }

  /** The graph's own bytes. */
  graphDef(): Uint8Array {
    return this.graph.serializeBinary();
  }

  /** The bytes of `saved_model.pb`: this graph under one tag, with an optional serving signature. */
  savedModel(tag: string, signature?: { inputs: Record<string, Endpoint>; outputs: Record<string, Endpoint> }): Uint8Array {
    const meta = new messages.MetaGraphDef();
    const info = new messages.MetaGraphDef.MetaInfoDef();
    info.addTags(tag);
    meta.setMetaInfoDef(info);
    meta.setGraphDef(this.graph);
    if (signature !== undefined) {
      const definition = new messages.SignatureDef();
      for (const [map, ends] of [
        [definition.getInputsMap(), signature.inputs],
        [definition.getOutputsMap(), signature.outputs],
      ] as const) {
        for (const [key, end] of Object.entries(ends)) {
          const endpoint = new messages.TensorInfo();
          endpoint.setName(end.tensor);
          endpoint.setDtype(end.dtype);
          endpoint.setTensorShape(shapeMessage(end.shape));
          map.set(key, endpoint);
        }
      }
      definition.setMethodName('tensorflow/serving/predict');
      meta.getSignatureDefMap().set('serving_default', definition);
    }
    const model = new messages.SavedModel();
    model.setSavedModelSchemaVersion(1);
    model.addMetaGraphs(meta);
    return model.serializeBinary();
  }
}

export { DT };
