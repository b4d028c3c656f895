import { readGemm, readMatMul } from './dense.js';
import type { Draft } from './draft.js';
import { readActivation, readArithmetic, readBatchNorm, readConcat, readLayerNorm, readPad } from './elementwise.js';
import type { OnnxNode } from './graph.js';
import { imageStep } from './image-steps.js';
import { readFlatten, readReshape, readSqueeze, readTranspose, readUnsqueeze, sizesOf } from './shaping.js';
import type { Value } from './values.js';
import { readConv, readGlobalPool, readPool } from './windows.js';

type Reader = (node: OnnxNode, draft: Draft) => Value;

const unchanged: Reader = (node, draft) => draft.map(node);

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['Conv', readConv],
  ['BatchNormalization', readBatchNorm],
  ['LayerNormalization', readLayerNorm],
  ['Relu', readActivation],
  ['Clip', readActivation],
  ['Sigmoid', readActivation],
  ['Tanh', readActivation],
  ['HardSigmoid', readActivation],
  ['HardSwish', readActivation],
  ['Gelu', readActivation],
  ['Softmax', readActivation],
  ['Elu', readActivation],
  ['Selu', readActivation],
  ['Softplus', readActivation],
  ['Mish', readActivation],
  ['LeakyRelu', readActivation],
  ['MaxPool', (node, draft) => readPool('max-pool', node, draft)],
  ['AveragePool', (node, draft) => readPool('average-pool', node, draft)],
  ['GlobalAveragePool', readGlobalPool],
  ['ReduceMean', readGlobalPool],
  ['Add', readArithmetic],
  ['Sub', readArithmetic],
  ['Mul', readArithmetic],
  ['Div', readArithmetic],
  ['Concat', readConcat],
  ['Pad', readPad],
  ['Gemm', readGemm],
  ['MatMul', readMatMul],
  ['Flatten', readFlatten],
  ['Reshape', readReshape],
  ['Squeeze', readSqueeze],
  ['Unsqueeze', readUnsqueeze],
  ['Transpose', readTranspose],
  ['Identity', unchanged],
  ['Dropout', unchanged],
  ['Cast', unchanged],
]);

/** What patterns.ts makes of groups of nodes. No file has operations of these names. */
const groups: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['Swish', readActivation],
  ['GeluTanh', readActivation],
  ['LayerNorm', readLayerNorm],
]);

const unreadable: Reader = (node, draft) =>
  draft.refuse(node, 'is an operation that ft does not read', [...readers.keys()].join(', '));

/** Adds what a node comes to. @throws UserError that names it, where ft has no layer for it */
export function readNode(node: OnnxNode, draft: Draft): void {
  const read = readers.get(node.op) ?? groups.get(node.op) ?? unreadable;
  draft.values.set(node.output, imageStep(node, draft) ?? sizesOf(node, draft) ?? read(node, draft));
}
