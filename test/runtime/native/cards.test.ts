import { describe, expect, it } from 'vitest';
import { inspectCards } from '../../../src/runtime/native/cards.js';
import type { RunTool } from '../../../src/runtime/native/tools.js';

const H100 = '0, GPU-aaaa1111, NVIDIA H100 80GB HBM3, 580.159.04, 81559, 80994, 9.0, Default';
const T4 = '1, GPU-bbbb2222, Tesla T4, 580.159.04, 15360, 14900, 7.5, Default';

/** nvidia-smi that answers so. */
const smi =
  (stdout: string, code = 0): RunTool =>
  async (command) =>
    command === 'nvidia-smi' ? { code, stdout, stderr: '' } : undefined;
const absent: RunTool = async () => undefined;

const look = (run: RunTool, files: readonly string[] = ['/dev/nvidiactl'], env: NodeJS.ProcessEnv = {}) =>
  inspectCards({ run, exists: (path) => files.includes(path), env });

describe('the cards', () => {
  it('are read from nvidia-smi, sizes in bytes', async () => {
    const { driver, cards, visible, fault } = await look(smi(`${H100}\n${T4}\n`));
    expect(driver).toBe('580.159.04');
    expect(cards.map(({ name }) => name)).toEqual(['NVIDIA H100 80GB HBM3', 'Tesla T4']);
    expect(cards[0]).toEqual({
      index: 0,
      uuid: 'GPU-aaaa1111',
      name: 'NVIDIA H100 80GB HBM3',
      memoryBytes: 81559 * 2 ** 20,
      freeBytes: 80994 * 2 ** 20,
      capability: '9.0',
      mode: 'Default',
    });
    expect(visible).toEqual(cards);
    expect(fault).toBeUndefined();
  });

  it('are seen as CUDA_VISIBLE_DEVICES has it: by number or UUID, in its order, up to the first that is none', async () => {
    const seen = async (list: string) =>
      (await look(smi(`${H100}\n${T4}`), [], { CUDA_VISIBLE_DEVICES: list })).visible.map(({ index }) => index);
    expect(await seen('1,0')).toEqual([1, 0]);
    expect(await seen('GPU-bbbb')).toEqual([1]);
    expect(await seen('0,7,1')).toEqual([0]);
    expect(await seen('-1')).toEqual([]);
    expect(await seen('')).toEqual([]);
  });
});

describe('why no card is used', () => {
  const reason = async (run: RunTool, files?: readonly string[], env?: NodeJS.ProcessEnv) => (await look(run, files, env)).fault;

  it('no driver; a container without the device; a driver without its tool', async () => {
    expect(await reason(absent, [])).toEqual({ what: 'no NVIDIA driver on this machine' });
    expect((await reason(absent, ['/proc/driver/nvidia/version']))?.mend).toContain('--gpus all');
    expect((await reason(absent))?.mend).toContain('NVIDIA_DRIVER_CAPABILITIES=compute,utility');
  });

  it.each([
    ["NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 'modprobe'],
    ['Failed to initialize NVML: Driver/library version mismatch', 'restart the machine'],
    ['No devices were found', 'lspci'],
    ['Failed to initialize NVML: Insufficient Permissions', 'group of /dev/nvidia0'],
    ['Failed to initialize NVML: Unknown Error', 'start it again'],
    ['something new', 'nvidia-smi'],
  ])('%s', async (text, mend) => {
    const fault = await reason(smi(`${text}\nmore`, 9));
    expect(fault?.found).toBe(text);
    expect(fault?.mend).toContain(mend);
  });

  it('a driver that is too old, by its numbers and not as a text', async () => {
    const old = (version: string) => smi(H100.replace('580.159.04', version));
    expect(await reason(old('525.60.12'))).toMatchObject({ expected: '525.60.13 or newer', found: '525.60.12' });
    expect(await reason(old('470.256.02'))).toMatchObject({ found: '470.256.02' });
    expect(await reason(old('525.60.13'))).toBeUndefined();
    expect(await reason(old('1000.1'))).toBeUndefined();
  });

  it('a card that TensorFlow has no kernels for, one that is forbidden, one that is busy', async () => {
    expect(await reason(smi(H100.replace(', 9.0,', ', 5.2,')))).toMatchObject({ found: '5.2', mend: 'FT_DEVICE=cpu' });
    expect((await reason(smi(H100.replace('Default', 'Prohibited'))))?.mend).toBe('sudo nvidia-smi -c DEFAULT');
    const busy = await reason(smi(H100.replace('80994', '300')));
    expect(busy?.what).toBe('NVIDIA H100 80GB HBM3 is busy: other processes hold its memory');
    expect(busy?.found).toBe('0.3 of 85.5 GB');
    const alone = await reason(smi(H100.replace('80994', '300').replace('Default', 'Exclusive_Process')));
    expect(alone?.what).toContain('one at a time');
  });

  it('CUDA_VISIBLE_DEVICES that hides every card', async () => {
    expect(await reason(smi(`${H100}\n${T4}`), [], { CUDA_VISIBLE_DEVICES: '2' })).toEqual({
      what: 'CUDA_VISIBLE_DEVICES hides every card',
      expected: '0, 1',
      found: '2',
      mend: 'unset CUDA_VISIBLE_DEVICES',
    });
    expect((await reason(smi(H100), [], { CUDA_VISIBLE_DEVICES: '' }))?.found).toBe('nothing');
  });

  it('is asked of the first card that is seen: TensorFlow computes on that one', async () => {
    const busy = T4.replace('14900', '10');
    expect(await reason(smi(`${H100}\n${busy}`))).toBeUndefined();
    expect((await reason(smi(`${H100}\n${busy}`), [], { CUDA_VISIBLE_DEVICES: '1' }))?.what).toContain('Tesla T4 is busy');
  });
});
