import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Network } from '../../src/network/network.js';
import { type ByteSource, bytesInMemory } from '../../src/weights/byte-source.js';
import { noExternal } from '../../src/weights/onnx/external.js';
import { readOnnx, readOnnxFile } from '../../src/weights/onnx/network.js';
import { withoutWeights } from '../../src/weights/onnx/thin.js';
import { listed, model, node, raw, value } from './onnx-handmade.js';
import { temporaryFolder } from './temporary.js';

const plain = { name: 'net', preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] }, output: 'out' } as const;
/** A kernel of 1,728 bytes, one of 576, and a bias as a list. */
const bytes = model(
  [node('Conv', ['images', 'large', 'bias'], 'map'), node('Conv', ['map', 'small'], 'out')],
  [raw('large', [16, 3, 3, 3], 1), raw('small', [9, 16, 1, 1], 2), listed('bias', [16], 3)],
  value('images', ['n', 3, 'h', 'w']),
  value('out', ['a', 'b', 'c', 'd']),
);

/** What is asked of a source. */
function watched(content: Uint8Array): ByteSource & { read: number } {
  const source = bytesInMemory(content);
  const watching = {
    size: source.size,
    read: 0,
    fill: (target: Uint8Array, from: number) => {
      watching.read = Math.max(watching.read, target.length);
      source.fill(target, from);
    },
  };
  return watching;
}

/** But for the places in a file, which move where weights are left out. */
const words = ({ message }: UserError) => message.replaceAll(/\d+/g, 'N');

async function networkOf(content: Uint8Array): Promise<Network | string> {
  const path = join(await temporaryFolder(), 'net.onnx');
  await writeFile(path, content);
  return readOnnxFile(path, plain).catch((error: unknown) => {
    expect(error).toBeInstanceOf(UserError);
    return words(error as UserError);
  });
}

describe('an ONNX file that is read without its weights', () => {
  it('has a kilobyte and more of them left where they are, and gives them when they are asked for', () => {
    const { bytes: thin, external } = withoutWeights(watched(bytes), noExternal);
    expect(thin.length).toBeLessThan(bytes.length - 1600);
    expect(thin.length).toBeGreaterThan(576);
    const network = readOnnx(thin, { ...plain, where: 'net.onnx', external });
    expect([...network.variables.values()]).toEqual([...readOnnx(bytes, { ...plain, where: 'net.onnx' }).variables.values()]);
    expect([...network.variables.values()].map(({ shape }) => shape.join())).toEqual(['3,3,3,16', '16', '1,1,16,9']);
  });

  it('is the network of its bytes, or refused in the same words, wherever it is cut and whichever byte is another', async () => {
    const whole = (content: Uint8Array): Network | string => {
      try {
        return readOnnx(content, { ...plain, where: 'net.onnx' });
      } catch (error) {
        return words(error as UserError);
      }
    };
    for (let at = 0; at < bytes.length; at += at % 400 < 120 ? 3 : 60) {
      expect(await networkOf(bytes.subarray(0, at)), `cut at ${at}`).toEqual(whole(bytes.subarray(0, at)));
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x11;
      const [found, expected] = [await networkOf(changed), whole(changed)];
      expect(found, `byte ${at}`).toEqual(expected);
    }
  });
});
