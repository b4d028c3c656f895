import { attr, type GraphBuilder } from '../runtime/graph/builder.js';
import { DT } from '../runtime/graph/proto.js';

const FLOAT = attr.type(DT.float32);
const INT = attr.type(DT.int32);

/**
 * Resizes images [N, H, W, 3] of any height and width to side × side as ft's own decoding does: the whole frame, by a triangle filter
 * that is as wide as the reduction, rounded to whole grey levels. Written as two products with matrices of weights, which every
 * consumer of a graph has; images of the size itself pass unchanged, to the last bit.
 * @returns the place of float32 [N, side, side, 3]
 */
export function resized(graph: GraphBuilder, images: string, side: number): string {
  const ints = (name: string, values: readonly number[], shape: readonly number[] = [values.length]) =>
    graph.constant(`resize/${name}`, DT.int32, shape, new Uint8Array(Int32Array.from(values).buffer));
  const transposed = (place: string, order: readonly number[]) =>
    graph.node('Transpose', 'resize/transpose', [place, ints('order', order)], { T: FLOAT, Tperm: INT });
  const shape = graph.node('Shape', 'resize/shape', [images], { T: FLOAT, out_type: INT });
  const extent = (axis: number) =>
    graph.node('StridedSlice', 'resize/extent', [shape, ints('from', [axis]), ints('to', [axis + 1]), ints('step', [1])], {
      T: INT,
      Index: INT,
      begin_mask: attr.int(0),
      end_mask: attr.int(0),
      ellipsis_mask: attr.int(0),
      new_axis_mask: attr.int(0),
      shrink_axis_mask: attr.int(1),
    });
  const product = (a: string, b: string, adjoint: boolean) =>
    graph.node('BatchMatMulV2', 'resize/product', [a, b], { T: FLOAT, adj_x: attr.bool(false), adj_y: attr.bool(adjoint) });
  const planes = transposed(images, [0, 3, 1, 2]);
  const rows = product(weights(graph, extent(1), side), planes, false);
  const columns = product(rows, weights(graph, extent(2), side), true);
  const rounded = graph.node('Round', 'resize/round', [columns], { T: FLOAT });
  return transposed(rounded, [0, 2, 3, 1]);
}

/** What each of `size` places has to do with each of `side` new ones: [side, size], rows that sum to 1. */
function weights(graph: GraphBuilder, size: string, side: number): string {
  const floats = (name: string, values: readonly number[], shape: readonly number[]) =>
    graph.constant(`resize/${name}`, DT.float32, shape, new Uint8Array(Float32Array.from(values).buffer));
  const int = (name: string, value: number) =>
    graph.constant(`resize/${name}`, DT.int32, [], new Uint8Array(Int32Array.of(value).buffer));
  const of = (op: string, ...inputs: string[]) => graph.node(op, `resize/${op}`, inputs, { T: FLOAT });
  const cast = (place: string) =>
    graph.node('Cast', 'resize/float', [place], { SrcT: INT, DstT: FLOAT, Truncate: attr.bool(false) });
  const scale = of('RealDiv', cast(size), floats('side', [side], []));
  const middles = Array.from({ length: side }, (_, at) => at + 0.5);
  const centres = of('Mul', floats('middles', middles, [side, 1]), scale);
  const range = graph.node('Range', 'resize/range', [int('zero', 0), size, int('one', 1)], { Tidx: INT });
  const places = of('AddV2', cast(range), floats('half', [0.5], []));
  const width = of('Maximum', scale, floats('least', [1], []));
  const distance = of('Abs', of('RealDiv', of('Sub', places, centres), width));
  const raw = of('Relu', of('Sub', floats('whole', [1], []), distance));
  const axis = graph.constant('resize/axis', DT.int32, [1], new Uint8Array(Int32Array.of(1).buffer));
  const sum = graph.node('Sum', 'resize/sum', [raw, axis], { T: FLOAT, Tidx: INT, keep_dims: attr.bool(true) });
  return of('RealDiv', raw, sum);
}
