import { attr, type GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import { integers } from '../graph/whole-numbers.js';

/**
 * Bytes that are fed as one string scalar, which goes in without a copy to and from a GPU (FACTS); the graph unpacks it.
 * @param shape one extent may be −1
 * @returns the node to feed, and the tensor, of `dtype`
 */
export function unpackedBytes(
  graph: GraphBuilder,
  name: string,
  shape: readonly number[],
  dtype: number = DT.uint8,
): { place: string; value: string } {
  const place = graph.placeholder(name, DT.string, []);
  const bytes = graph.node('DecodeRaw', `${name}/bytes`, [place], { out_type: attr.type(dtype), little_endian: attr.bool(true) });
  return { place, value: reshaped(graph, `${name}/shaped`, bytes, shape, dtype) };
}

/** A tensor by another shape. @param shape one extent may be −1 */
export function reshaped(graph: GraphBuilder, name: string, place: string, shape: readonly number[], dtype: number): string {
  const extents = integers(graph, `${name}/shape`, shape);
  return graph.node('Reshape', name, [place, extents], { T: attr.type(dtype), Tshape: attr.type(DT.int32) });
}
