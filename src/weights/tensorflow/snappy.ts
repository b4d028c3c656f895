/** The largest block that an index of a checkpoint may unpack to. */
const LARGEST = 2 ** 26;

/** Unpacks a snappy block (format_description.txt of google/snappy). Throws an Error where it is not whole. */
export function snappyDecode(bytes: Buffer): Buffer {
  let at = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error('a snappy block ends too early');
    return value;
  };
  const little = (count: number): number => {
    let value = 0;
    for (let place = 0; place < count; place++) value += byte() * 2 ** (8 * place);
    return value;
  };
  let length = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    const value = byte();
    length += (value & 127) * 2 ** shift;
    more = value > 127 && shift < 28;
  }
  if (length > LARGEST) throw new Error(`a snappy block of ${length} bytes`);
  const out = Buffer.alloc(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = byte();
    if ((tag & 3) === 0) {
      const short = tag >> 2;
      const count = 1 + (short < 60 ? short : little(short - 59));
      if (at + count > bytes.length || to + count > length) throw new Error('a snappy block is not whole');
      bytes.copy(out, to, at, at + count);
      at += count;
      to += count;
      continue;
    }
    const kind = tag & 3;
    const count = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const offset = kind === 1 ? (tag >> 5) * 256 + byte() : little(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > to || to + count > length) throw new Error('a snappy block copies from nowhere');
    // A copy may overlap what it writes.
    for (let left = count; left > 0; left--, to++) out[to] = out[to - offset] as number;
  }
  if (to !== length) throw new Error('a snappy block is not whole');
  return out;
}
