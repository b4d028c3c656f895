import { attr, type GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';

/**
 * Bytes that are fed as one string scalar, which goes in without a copy to and from a GPU (FACTS); the graph unpacks it.
 * @param shape one extent may be −1
 * @returns the node to feed, and the uint8 tensor
 */
export function unpackedBytes(graph: GraphBuilder, name: string, shape: readonly number[]): { place: string; value: string } {
  const place = graph.placeholder(name, DT.string, []);
  const bytes = graph.node('DecodeRaw', `${name}/bytes`, [place], {
    out_type: attr.type(DT.uint8),
    little_endian: attr.bool(true),
  });
  const extents = graph.constant(`${name}/shape`, DT.int32, [shape.length], new Uint8Array(Int32Array.from(shape).buffer));
  const value = graph.node('Reshape', `${name}/shaped`, [bytes, extents], {
    T: attr.type(DT.uint8),
    Tshape: attr.type(DT.int32),
  });
  return { place, value };
}
