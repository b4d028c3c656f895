/** A number of bytes as a person reads it: `3.4 GB`, of 10⁹ bytes. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
