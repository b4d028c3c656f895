import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readPytorch } from '../../src/weights/pytorch/file.js';
import { tensorValues } from '../../src/weights/pytorch/tensor.js';
import { fault, MAGIC, PROTO, VERSION } from './pytorch-handmade.js';
import { zipOf } from './zip.js';

const GOLDEN = fileURLToPath(new URL('../golden/pytorch-pickle/', import.meta.url));

describe('a file that is no file of PyTorch, or not a whole one', () => {
  it.each([
    ['nothing at all', Buffer.alloc(0)],
    ['text', Buffer.from('<html>404</html>')],
    ['another pickle', Buffer.from(`${PROTO}N.`, 'latin1')],
  ])('is told so: %s', async (_, file) => {
    expect(await fault(file)).toContain('bad.pth: this is no file of PyTorch\n  expected: a file that torch.save wrote');
  });

  it('says what the other systems and formats are', async () => {
    expect(await fault(Buffer.from(`${MAGIC}${PROTO}K\x07.`, 'latin1'))).toContain('another version of the file format');
    expect(await fault(Buffer.from(`${MAGIC}${VERSION}${PROTO}}.`, 'latin1'))).toContain(
      'not written on a little-endian machine',
    );
    expect(await fault(zipOf('model/constants.txt', Buffer.from('x')))).toContain('holds no data.pkl');
  });

  /** The zip that PyTorch wrote, one field of its first central entry changed. */
  const withEntry = (change: (central: Buffer) => void): Buffer => {
    const changed = readFileSync(`${GOLDEN}module.zip.pth`);
    change(changed.subarray(changed.indexOf('PK\x01\x02', 0, 'latin1')));
    return changed;
  };

  it.each([
    ['deflated', withEntry((central) => central.writeUInt16LE(8, 10))],
    ['placed outside the file', withEntry((central) => central.writeUInt32LE(0x7fffffff, 42))],
  ])('does not unpack a member that is %s', async (_, file) => {
    expect(await fault(file)).toContain(
      "bad.pth: its member 'module.zip/data.pkl' is compressed, encrypted, cut off or there twice",
    );
  });

  it('notices a weight whose bytes are not those that were stored', async () => {
    const changed = readFileSync(`${GOLDEN}module.zip.pth`);
    const header = changed.indexOf('data/0', 0, 'latin1');
    const data = header + 'data/0'.length + changed.readUInt16LE(header - 'module.zip/'.length - 2);
    changed[data + 5] = (changed[data + 5] as number) ^ 1;
    expect(await fault(changed)).toContain("its member 'module.zip/data/0' does not have the checksum it was stored with");
  });

  it('says so where it was written on a big-endian machine', async () => {
    const changed = readFileSync(`${GOLDEN}module.zip.pth`);
    changed.write('bigger', changed.indexOf('little'));
    // Its checksum in the central directory: none.
    changed.writeUInt32LE(0, changed.lastIndexOf('module.zip/byteorder') - 46 + 16);
    expect(await fault(changed)).toBe("bad.pth: the byte order is not little\n  found:    'bigger'");
  });

  it.each(['checkpoint.legacy', 'module.zip'])('%s cut at any byte is a UserError', async (name) => {
    const whole = readFileSync(`${GOLDEN}${name}.pth`);
    for (let length = 0; length < whole.length; length++) expect(await fault(whole.subarray(0, length))).toMatch(/^bad\.pth/);
  });

  it.each(['checkpoint.legacy', 'views.protocol4', 'module.zip'])(
    '%s with any byte changed is read or is a UserError',
    async (name) => {
      const whole = readFileSync(`${GOLDEN}${name}.pth`);
      let refused = 0;
      let state = 1;
      for (let at = 0; at < whole.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const changed = Buffer.from(whole);
        changed[at] = (whole[at] as number) ^ (1 + ((state >>> 24) % 255));
        const value = await readPytorch(changed, 'bad.pth').catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          refused++;
        });
        // What was taken can be asked for to the end.
        if (value instanceof Map) {
          for (const entry of value.values())
            if (typeof entry === 'object' && entry !== null && 'storage' in entry)
              expect(tensorValues(entry).length).toBe(entry.size);
        }
      }
      expect(refused).toBeGreaterThan(whole.length / 20);
    },
  );
});
