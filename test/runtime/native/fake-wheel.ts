import { createHash } from 'node:crypto';
import { type Platform, platformOf } from '../../../src/runtime/native/platforms.js';

/** A zip of stored members, as small as the format allows. */
export function zip(members: Readonly<Record<string, string>>): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(members)) {
    const path = Buffer.from(name);
    const data = Buffer.from(text);
    // Version needed, flags, method (0: stored), time, date, CRC, both sizes, length of the name, length of the extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(path.length, 22);
    local.push(Buffer.from('PK\x03\x04'), common, path, data);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\x01\x02\x14\x00'), common, rest, path);
    offset += 30 + path.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(members).length, 8);
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, directory, end]);
}

export const WHEEL_MEMBERS = {
  'tensorflow/libtensorflow_cc.so.2': 'the large library',
  'tensorflow/libtensorflow_framework.so.2': 'the small library',
  'tensorflow/include/tensorflow/c/c_api.h': '// wanted',
  'tensorflow/include/xla/tsl/c/deep/tsl_status.h': '// wanted',
  'tensorflow/include/absl/log/log.h': '// not wanted',
  'tensorflow/python/training.py': '# not wanted',
  'tensorflow/include/tensorflow/c/': '',
};

export const WHEEL = zip(WHEEL_MEMBERS);

/** Linux on x86_64, with a wheel that is a few hundred bytes. */
export function fakePlatform(wheel: Buffer = WHEEL): Platform {
  return {
    ...platformOf({ platform: 'linux', arch: 'x64', glibc: '2.36' }),
    wheel: 'small.whl',
    sha256: createHash('sha256').update(wheel).digest('hex'),
    wheelBytes: wheel.length,
    libraryBytes: 100,
  };
}
