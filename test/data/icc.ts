/** A minimal ICC profile, written by the specification (ICC.1:2010), and its way into a JPEG. */

/** RGB primaries adapted to D50 (the columns of RGB → XYZ) and one gamma for all channels, as a version 2 matrix profile. */
export function matrixProfile(columns: readonly (readonly [number, number, number])[], gamma: number): Buffer {
  const text = Buffer.from('desc\0\0\0\0\0\0\0\x05test\0'.padEnd(100, '\0'), 'latin1');
  const xyz = ([x, y, z]: readonly [number, number, number]) => {
    const tag = Buffer.alloc(20);
    tag.write('XYZ ', 'latin1');
    [x, y, z].forEach((value, i) => tag.writeInt32BE(Math.round(value * 65536), 8 + 4 * i));
    return tag;
  };
  const curve = Buffer.alloc(16);
  curve.write('curv', 'latin1');
  curve.writeUInt32BE(1, 8);
  curve.writeUInt16BE(Math.round(gamma * 256), 12);
  const white = xyz([0.9642, 1, 0.8249]);
  const [r, g, b] = columns.map(xyz) as [Buffer, Buffer, Buffer];
  const tags: [string, Buffer][] = [
    ['desc', text],
    ['cprt', text],
    ['wtpt', white],
    ['rXYZ', r],
    ['gXYZ', g],
    ['bXYZ', b],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ];
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length, 0);
  let at = 128 + table.length;
  tags.forEach(([name, data], i) => {
    table.write(name, 4 + 12 * i, 'latin1');
    table.writeUInt32BE(at, 8 + 12 * i);
    table.writeUInt32BE(data.length, 12 + 12 * i);
    at += data.length;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  [0.9642, 1, 0.8249].forEach((value, i) => header.writeInt32BE(Math.round(value * 65536), 68 + 4 * i));
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}

/** A JPEG with a profile put in, its pixels untouched. */
export function withProfile(jpeg: Buffer, profile: Buffer): Buffer {
  const segment = Buffer.alloc(18);
  segment.writeUInt16BE(0xffe2, 0);
  segment.writeUInt16BE(16 + profile.length, 2);
  segment.write('ICC_PROFILE\0\x01\x01', 4, 'latin1');
  return Buffer.concat([jpeg.subarray(0, 2), segment, profile, jpeg.subarray(2)]);
}
