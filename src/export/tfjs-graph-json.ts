import { DT, type NodeMessage } from '../runtime/graph/proto.js';
import type { StoredWeight } from '../weights/tfjs/weight-files.js';

/** Names of TensorFlow's types in the JSON form of a graph. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [DT.float32, 'DT_FLOAT'],
  [DT.int32, 'DT_INT32'],
  [DT.int64, 'DT_INT64'],
  [DT.bool, 'DT_BOOL'],
  [DT.uint8, 'DT_UINT8'],
]);

interface Shape {
  getDimList(): { getSize(): number }[];
}
/** An attribute as it is read; `getValueCase` gives the number of the member that is set. */
interface Attribute {
  getValueCase(): number;
  getS_asU8(): Uint8Array;
  getI(): number;
  getF(): number;
  getB(): boolean;
  getType(): number;
  getShape(): Shape;
  getTensor(): { getDtype(): number; getTensorShape(): Shape; getTensorContent_asU8(): Uint8Array };
  getList(): { getIList(): number[]; getFList(): number[]; getSList_asU8(): Uint8Array[]; getTypeList(): number[] };
}
/** Numbers of `AttrValue.ValueCase`. */
const CASE = { list: 1, s: 2, i: 3, f: 4, b: 5, type: 6, shape: 7, tensor: 8 } as const;

/**
 * The nodes of a graph in the JSON form of a tfjs graph model; what constants hold is taken out, to lie in weight files.
 * @throws Error where a node has what that form cannot hold
 */
export function graphJson(nodes: readonly NodeMessage[]): { topology: object; weights: StoredWeight[] } {
  const weights: StoredWeight[] = [];
  const node = nodes.map((one) => {
    const attr: Record<string, object> = {};
    for (const [key, value] of attributesOf(one)) {
      if (one.getOp() === 'Const' && key === 'value') weights.push(weightOf(one.getName(), value));
      attr[key] = attributeJson(value);
    }
    return { name: one.getName(), op: one.getOp(), input: one.getInputList(), attr };
  });
  return { topology: { node, library: {}, versions: {} }, weights };
}

function attributesOf(node: NodeMessage): [string, Attribute][] {
  const found: [string, Attribute][] = [];
  const map = node.getAttrMap() as unknown as { forEach(visit: (value: Attribute, key: string) => void): void };
  map.forEach((value, key) => {
    found.push([key, value]);
  });
  return found;
}

function attributeJson(value: Attribute): object {
  switch (value.getValueCase()) {
    case CASE.s:
      return { s: base64(value.getS_asU8()) };
    case CASE.i:
      return { i: String(value.getI()) };
    case CASE.f:
      return { f: value.getF() };
    case CASE.b:
      return { b: value.getB() };
    case CASE.type:
      return { type: typeName(value.getType()) };
    case CASE.shape:
      return { shape: shapeJson(value.getShape()) };
    case CASE.tensor:
      return {
        tensor: { dtype: typeName(value.getTensor().getDtype()), tensorShape: shapeJson(value.getTensor().getTensorShape()) },
      };
    case CASE.list: {
      const list = value.getList();
      if (list.getSList_asU8().length > 0) return { list: { s: list.getSList_asU8().map(base64) } };
      if (list.getFList().length > 0) return { list: { f: list.getFList() } };
      if (list.getTypeList().length > 0) return { list: { type: list.getTypeList().map(typeName) } };
      return { list: { i: list.getIList().map(String) } };
    }
    default:
      throw new Error(`an attribute of kind ${value.getValueCase()} has no place in a tfjs graph model`);
  }
}

function weightOf(name: string, value: Attribute): StoredWeight {
  const tensor = value.getTensor();
  const shape = tensor
    .getTensorShape()
    .getDimList()
    .map((dim) => dim.getSize());
  const bytes = tensor.getTensorContent_asU8().slice();
  switch (tensor.getDtype()) {
    case DT.float32:
      return { name, shape, values: new Float32Array(bytes.buffer) };
    case DT.int32:
      return { name, shape, values: new Int32Array(bytes.buffer) };
    default:
      throw new Error(`${name}: a constant of type ${tensor.getDtype()} has no place in a tfjs graph model`);
  }
}

function shapeJson(shape: Shape): object {
  return { dim: shape.getDimList().map((dim) => ({ size: String(dim.getSize()) })) };
}

function typeName(type: number): string {
  const name = TYPES.get(type);
  if (name === undefined) throw new Error(`the type ${type} has no name in a tfjs graph model`);
  return name;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
