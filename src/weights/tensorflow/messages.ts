import { messages } from '../../runtime/graph/proto.js';

/** TensorFlow's messages as far as they are read here; the classes are those of `runtime/graph/proto.ts`. */
export interface ReadShape {
  getDimList(): { getSize(): number }[];
}
export interface ReadTensor {
  getDtype(): number;
  getTensorShape(): ReadShape | undefined;
  getTensorContent_asU8(): Uint8Array;
  getFloatValList(): number[];
  getDoubleValList(): number[];
  getIntValList(): number[];
  getInt64ValList(): number[];
  getBoolValList(): boolean[];
  getStringValList_asU8(): Uint8Array[];
}
export interface ReadAttribute {
  /** Which member is set: the numbers of `AttrValue.ValueCase`. */
  getValueCase(): number;
  getS_asU8(): Uint8Array;
  getI(): number;
  getF(): number;
  getB(): boolean;
  getType(): number;
  getShape(): ReadShape | undefined;
  getTensor(): ReadTensor | undefined;
  getFunc(): { getName(): string } | undefined;
  getList(): { getSList_asU8(): Uint8Array[]; getIList(): number[]; getFList(): number[]; getTypeList(): number[] } | undefined;
}
export interface ReadNode {
  getName(): string;
  getOp(): string;
  getInputList(): string[];
  getAttrMap(): {
    entries(): { next(): { done?: boolean; value: readonly [string, unknown] } };
    get(key: string): ReadAttribute | undefined;
  };
}
interface Argument {
  getName(): string;
}
export interface ReadFunction {
  getSignature(): { getName(): string; getInputArgList(): Argument[]; getOutputArgList(): Argument[] } | undefined;
  getNodeDefList(): ReadNode[];
  getRetMap(): { get(key: string): string | undefined };
}
export interface ReadGraph {
  getNodeList(): ReadNode[];
  getLibrary(): { getFunctionList(): ReadFunction[] } | undefined;
}
interface StringMap<T> {
  get(key: string): T | undefined;
  keys(): { next(): { done?: boolean; value: string } };
}
interface Endpoint {
  getName(): string;
}
export interface ReadMetaGraph {
  getMetaInfoDef(): { getTagsList(): string[] } | undefined;
  getGraphDef(): ReadGraph | undefined;
  getSignatureDefMap(): StringMap<{ getOutputsMap(): StringMap<Endpoint> }>;
}

/** The graphs of a saved_model.pb. Throws what the protobuf library throws where the bytes are not one. */
export function parseSavedModel(bytes: Uint8Array): ReadMetaGraph[] {
  const parser = messages.SavedModel as unknown as {
    deserializeBinary(bytes: Uint8Array): { getMetaGraphsList(): ReadMetaGraph[] };
  };
  return parser.deserializeBinary(bytes).getMetaGraphsList();
}

/** The keys of a map of the protobuf library, whose iterators are not iterable. */
export function keysOf(map: { keys(): { next(): { done?: boolean; value: string } } }): string[] {
  const keys: string[] = [];
  const iterator = map.keys();
  for (let step = iterator.next(); step.done !== true; step = iterator.next()) keys.push(step.value);
  return keys;
}
