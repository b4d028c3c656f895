/**
 * Scales a row to unit length in place, computed in double precision; a row of zeros stays one. Gives the length that it had,
 * which is no finite number where the row holds one that is not.
 */
export function scaleToUnit(row: Float32Array | Float64Array): number {
  let square = 0;
  for (const value of row) square += value * value;
  const length = Math.sqrt(square);
  const divisor = length || 1;
  for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) / divisor;
  return length;
}

/** A copy of row-major [rows, dimensions] with every row scaled to unit length. */
export function unitRows(values: Float32Array, dimensions: number): Float32Array {
  const unit = Float32Array.from(values);
  for (let start = 0; start < unit.length; start += dimensions) scaleToUnit(unit.subarray(start, start + dimensions));
  return unit;
}
