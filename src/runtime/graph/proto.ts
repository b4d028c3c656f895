/**
 * The TensorFlow messages that tfjs-node carries for its own SavedModel reader (google-protobuf classes, generated from
 * TensorFlow's .proto files). Typed here as far as we use them.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface Message {
  serializeBinary(): Uint8Array;
}
export interface ShapeMessage extends Message {
  addDim(dim: Message): void;
  getDimList(): { getSize(): number }[];
  setUnknownRank(value: boolean): void;
}
export interface TensorMessage extends Message {
  setDtype(dtype: number): void;
  setTensorShape(shape: ShapeMessage): void;
  setTensorContent(content: Uint8Array): void;
  addStringVal(value: Uint8Array): void;
}
export interface ListMessage extends Message {
  addS(value: Uint8Array): void;
  addI(value: number): void;
  addF(value: number): void;
  addB(value: boolean): void;
  addType(value: number): void;
  addShape(value: ShapeMessage): void;
  getIList(): number[];
}
export interface AttrMessage extends Message {
  setS(value: Uint8Array): void;
  setI(value: number): void;
  setF(value: number): void;
  setB(value: boolean): void;
  setType(value: number): void;
  getType(): number;
  getS_asU8(): Uint8Array;
  getList(): ListMessage | undefined;
  setShape(value: ShapeMessage): void;
  getShape(): ShapeMessage | undefined;
  setTensor(value: TensorMessage): void;
  setList(value: ListMessage): void;
  setFunc(value: FunctionMessage): void;
}
export interface FunctionMessage extends Message {
  setName(name: string): void;
}
/** A function of the graph's library: its arguments, nodes, and which of their outputs it gives back. */
export interface DefinitionMessage extends Message {
  setSignature(signature: SignatureOfFunction): void;
  addNodeDef(node: NodeMessage): void;
  getRetMap(): { set(name: string, reference: string): void };
}
interface SignatureOfFunction extends Message {
  setName(name: string): void;
  setIsStateful(stateful: boolean): void;
  addInputArg(arg: ArgMessage): void;
  addOutputArg(arg: ArgMessage): void;
}
interface ArgMessage extends Message {
  setName(name: string): void;
  setType(dtype: number): void;
}
interface LibraryMessage extends Message {
  addFunction(definition: DefinitionMessage): void;
}
export interface NodeMessage extends Message {
  cloneMessage(): NodeMessage;
  setName(name: string): void;
  setOp(op: string): void;
  getName(): string;
  getOp(): string;
  setDevice(device: string): void;
  getDevice(): string;
  addInput(input: string): void;
  getInputList(): string[];
  setInputList(inputs: string[]): void;
  getAttrMap(): {
    set(name: string, value: AttrMessage): void;
    get(name: string): AttrMessage | undefined;
    entries(): Iterable<[name: string, value: AttrMessage]>;
  };
}
export interface GraphMessage extends Message {
  addNode(node: NodeMessage): void;
  setVersions(version: Message): void;
  getLibrary(): LibraryMessage | undefined;
  setLibrary(library: LibraryMessage): void;
}
interface VersionMessage extends Message {
  setProducer(value: number): void;
  setMinConsumer(value: number): void;
}
interface DimMessage extends Message {
  setSize(size: number): void;
}
interface MetaInfoMessage extends Message {
  addTags(tag: string): void;
  setTensorflowVersion(version: string): void;
}
export interface TensorInfoMessage extends Message {
  setName(name: string): void;
  setDtype(dtype: number): void;
  setTensorShape(shape: ShapeMessage): void;
}
export interface SignatureMessage extends Message {
  getInputsMap(): { set(name: string, info: TensorInfoMessage): void };
  getOutputsMap(): { set(name: string, info: TensorInfoMessage): void };
  setMethodName(name: string): void;
}
interface MetaGraphMessage extends Message {
  setMetaInfoDef(info: MetaInfoMessage): void;
  setGraphDef(graph: GraphMessage): void;
  getSignatureDefMap(): { set(name: string, signature: SignatureMessage): void };
}
interface SavedModelMessage extends Message {
  setSavedModelSchemaVersion(version: number): void;
  addMetaGraphs(graph: MetaGraphMessage): void;
}

type Make<T> = new () => T;
interface Messages {
  GraphDef: Make<GraphMessage>;
  NodeDef: Make<NodeMessage>;
  VersionDef: Make<VersionMessage>;
  FunctionDef: Make<DefinitionMessage>;
  FunctionDefLibrary: Make<LibraryMessage>;
  OpDef: Make<SignatureOfFunction> & { ArgDef: Make<ArgMessage> };
  NameAttrList: Make<FunctionMessage>;
  AttrValue: Make<AttrMessage> & { ListValue: Make<ListMessage> };
  Tensor: Make<TensorMessage>;
  TensorShape: Make<ShapeMessage> & { Dim: Make<DimMessage> };
  TensorInfo: Make<TensorInfoMessage>;
  SignatureDef: Make<SignatureMessage>;
  MetaGraphDef: Make<MetaGraphMessage> & { MetaInfoDef: Make<MetaInfoMessage> };
  SavedModel: Make<SavedModelMessage>;
}

const loaded = require('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Messages & { tensorflow?: Messages };
const globalMessages = (globalThis as { proto?: { tensorflow?: Messages } }).proto?.tensorflow;

export const messages: Messages = (loaded.GraphDef ? loaded : (loaded.tensorflow ?? globalMessages)) as Messages;

/** TensorFlow's numbers for its data types (tensorflow/core/framework/types.proto). */
export const DT = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  string: 7,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const;
