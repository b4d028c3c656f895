import { crc32, deflateRawSync } from 'node:zlib';
import { UserError } from '../../src/errors.js';
import { readKerasFile } from '../../src/weights/keras/file.js';
import { readKerasNetwork } from '../../src/weights/keras/network.js';

/** A zip file of members, stored or deflated. */
export function archive(members: readonly { name: string; data: Buffer; deflate?: boolean }[]): Buffer {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, data, deflate = false } of members) {
    const packed = deflate ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    entries.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, place, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

/** The message of the UserError that reading the file, or making a network of it, ends in; '' where it does not. */
export async function fault(source: Uint8Array | string): Promise<string> {
  try {
    const file = await readKerasFile(source, 'model');
    if (file.config !== undefined) readKerasNetwork(file, { name: 'net', side: 16 }, 'model');
    return '';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** The message of the UserError that a configuration ends in, without any weights; '' where it does not. */
export function configFault(config: unknown): string {
  try {
    readKerasNetwork({ format: 'keras', variables: [], tensors: new Map(), config }, { name: 'net', side: 16 }, 'model');
    return '';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** A functional model of layers in the form of Keras 2: `[name, class, config, names of feeders]`. */
export function functional(...layers: [name: string, className: string, config: object, inputs: string[]][]): unknown {
  return {
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: layers.map(([name, className, config, inputs]) => ({
        class_name: className,
        name,
        config: { name, ...config },
        inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
      })),
      input_layers: [[layers[0]?.[0], 0, 0]],
      output_layers: [[layers.at(-1)?.[0], 0, 0]],
    },
  };
}

export const IMAGES: [string, string, object, string[]] = ['images', 'InputLayer', { batch_input_shape: [null, 8, 8, 3] }, []];
