import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import type { Network } from '../../network/network.js';
import { writeFileAtomic } from '../../runtime/folders.js';
import { quantizedGraph, type Ranges } from './quantize-graph.js';
import { planQuantization } from './quantize-plan.js';
import { LARGEST, type OnnxWriteOptions, onnxModel } from './write.js';

/** Smaller tensors stay in the model: shapes and axes are read before any other file is. */
const SMALLEST = 1024;
/** Offsets are whole pages, so that a file can be mapped (onnx.proto, TensorProto.external_data). */
const PAGE = 4096;
/** Node writes no more than 2³¹ − 1 bytes at once. */
const AT_ONCE = 2 ** 30;

export interface OnnxFileOptions extends OnnxWriteOptions {
  /** Bytes of weights that one file may hold; unless told, what a protobuf message can. */
  readonly largest?: number;
  /** Which layers are computed in integers, and what numbers their tensors hold. */
  readonly integers?: { readonly layers: ReadonlySet<string>; readonly ranges: Ranges };
}

/**
 * Writes a network as an ONNX model (see `writeOnnx`). Where its weights are too many for one protobuf message they lie beside it, in
 * `NAME.onnx.data`, as ONNX has it: the two belong together.
 */
export async function writeOnnxFile(path: string, network: Network, options: OnnxFileOptions = {}): Promise<void> {
  const { largest = LARGEST, integers, ...rest } = options;
  const float = onnxModel(network, rest);
  const graph =
    integers === undefined
      ? float.graph
      : quantizedGraph(float.graph, planQuantization(float.graph, integers.layers), integers.ranges);
  const tensors = graph.initializer ?? [];
  const bytes = tensors.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
  if (bytes > largest) {
    const file = await open(`${path}.data`, 'w');
    try {
      await moveTo(file, `${basename(path)}.data`, tensors);
    } finally {
      await file.close();
    }
  }
  await writeFileAtomic(path, onnxProto.onnx.ModelProto.encode({ ...float, graph }).finish());
}

/** Puts the numbers of large tensors into a file and its place into the tensors. */
async function moveTo(file: FileHandle, location: string, tensors: readonly Onnx.ITensorProto[]): Promise<void> {
  let end = 0;
  for (const tensor of tensors) {
    const { rawData } = tensor;
    if (!rawData || rawData.length < SMALLEST) continue;
    const offset = Math.ceil(end / PAGE) * PAGE;
    await writeAll(file, rawData, offset);
    end = offset + rawData.length;
    const entry = (key: string, value: string | number) => ({ key, value: String(value) });
    tensor.rawData = null;
    tensor.dataLocation = onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;
    tensor.externalData = [entry('location', location), entry('offset', offset), entry('length', rawData.length)];
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(AT_ONCE, bytes.length - at), position + at);
    at += bytesWritten;
  }
}
