import { UserError } from '../../errors.js';
import { DT } from '../../runtime/graph/proto.js';
import { bytesInMemory, takeBytes } from '../byte-source.js';
import type { NamedTensor } from '../named-tensor.js';
import { elementBytes, readElements } from './elements.js';
import { type Attribute, dataInputs, type GraphNode } from './graph.js';
import type { GraphFunction, GraphWithFunctions } from './inline.js';
import { keysOf, type ReadAttribute, type ReadFunction, type ReadGraph, type ReadNode, type ReadTensor } from './messages.js';

/** A constant may say one number for all its elements; beyond this many a few bytes would ask for gigabytes. */
const MOST_REPEATED = 2 ** 24;

/** A protobuf graph with its library of functions. */
export function readProtoGraph(graph: ReadGraph, where: string): GraphWithFunctions {
  const library = graph.getLibrary()?.getFunctionList() ?? [];
  return {
    nodes: graph.getNodeList().map((node) => readNode(node, where)),
    functions: new Map(library.map((one) => [one.getSignature()?.getName() ?? '', () => readFunction(one, where)])),
  };
}

function readFunction(found: ReadFunction, where: string): GraphFunction {
  const signature = found.getSignature();
  const results = found.getRetMap();
  return {
    arguments: (signature?.getInputArgList() ?? []).map((argument) => argument.getName()),
    nodes: found.getNodeDefList().map((node) => readNode(node, where)),
    results: (signature?.getOutputArgList() ?? []).map((output) => results.get(output.getName()) ?? ''),
  };
}

function readNode(node: ReadNode, where: string): GraphNode {
  return {
    name: node.getName(),
    op: node.getOp(),
    inputs: dataInputs(node.getInputList()),
    attributes: readAttributes(node, where),
  };
}

function readAttributes(node: ReadNode, where: string): ReadonlyMap<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  const map = node.getAttrMap();
  for (const key of keysOf(map as unknown as Parameters<typeof keysOf>[0])) {
    const attribute = map.get(key);
    const value = attribute === undefined ? undefined : readAttribute(attribute, `${where}: ${node.getName()}`);
    if (value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

function readAttribute(value: ReadAttribute, where: string): Attribute | undefined {
  switch (value.getValueCase()) {
    case 1: {
      const list = value.getList();
      const texts = list?.getSList_asU8() ?? [];
      if (texts.length > 0) return texts.map(text);
      return [list?.getIList() ?? [], list?.getFList() ?? [], list?.getTypeList() ?? []].find(({ length }) => length > 0) ?? [];
    }
    case 2:
      return text(value.getS_asU8());
    case 3:
      return value.getI();
    case 4:
      return value.getF();
    case 5:
      return value.getB();
    case 6:
      return value.getType();
    case 7:
      return (
        value
          .getShape()
          ?.getDimList()
          .map((dim) => dim.getSize()) ?? []
      );
    case 8: {
      const tensor = value.getTensor();
      return tensor === undefined ? undefined : readTensor(tensor, where);
    }
    case 10:
      return value.getFunc()?.getName() ?? '';
    default:
      return undefined;
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

function readTensor(tensor: ReadTensor, where: string): Attribute | undefined {
  const dtype = tensor.getDtype();
  if (dtype === DT.string) return tensor.getStringValList_asU8().map(text);
  if (elementBytes(dtype) === undefined) return undefined;
  const shape =
    tensor
      .getTensorShape()
      ?.getDimList()
      .map((dim) => dim.getSize()) ?? [];
  return { shape, values: () => tensorValues(tensor, dtype, shape, where) } satisfies NamedTensor;
}

/** The elements: as bytes, or as a list whose last number stands for all that follow. */
function tensorValues(tensor: ReadTensor, dtype: number, shape: readonly number[], where: string): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const content = tensor.getTensorContent_asU8();
  const listed = [
    tensor.getFloatValList(),
    tensor.getDoubleValList(),
    tensor.getIntValList(),
    tensor.getInt64ValList(),
    tensor.getBoolValList(),
  ].find(({ length }) => length > 0);
  const given =
    content.length > 0
      ? readElements(dtype, takeBytes(bytesInMemory(content), 0, content.length), where)
      : Float32Array.from(listed ?? [], Number);
  if (given.length === size) return given;
  const repeats = content.length === 0 && given.length < size && size <= MOST_REPEATED;
  if (!repeats || dtype === DT.float16 || dtype === DT.bfloat16)
    throw new UserError({
      where,
      what: `the constant of shape [${shape.join(', ')}] is not whole`,
      expected: `${size} numbers`,
      found: `${given.length}`,
      mend: 'fetch or convert the model again',
    });
  const values = new Float32Array(size).fill(given.at(-1) ?? 0);
  values.set(given);
  return values;
}
