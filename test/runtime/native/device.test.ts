import { describe, expect, it } from 'vitest';
import { askedDevice, chooseRuntime, type DeviceChoice, deviceToSetUp, hasDriver } from '../../../src/runtime/native/device.js';
import { cudaFolder, runtimeFolder } from '../../../src/runtime/native/location.js';

const choose = (asked: DeviceChoice, driver: boolean, laid: string) => {
  const { device, hidesCards } = chooseRuntime({ asked, driver, laid: (one) => laid.split(' ').includes(one) });
  return `${device}${hidesCards ? ', cards hidden' : ''}`;
};

describe('the runtime', () => {
  it.each([
    ['auto', true, 'cpu gpu', 'gpu'],
    ['auto', true, 'gpu', 'gpu'],
    ['auto', true, 'cpu', 'cpu'],
    ['auto', true, '', 'cpu'],
    ['auto', false, 'cpu gpu', 'cpu'],
    ['auto', false, 'gpu', 'gpu'],
    ['cpu', true, 'cpu gpu', 'cpu'],
    ['cpu', true, 'gpu', 'gpu, cards hidden'],
    ['gpu', true, 'cpu gpu', 'gpu'],
    ['gpu', false, 'cpu', 'gpu'],
  ] as const)('FT_DEVICE=%s, driver: %s, set up: %s → %s', (asked, driver, laid, expected) => {
    expect(choose(asked, driver, laid)).toBe(expected);
  });

  it('may be forced, for tests', () => {
    expect(chooseRuntime({ asked: 'auto', driver: false, laid: () => true, forced: 'gpu' }).folder).toBe(runtimeFolder('gpu'));
  });

  it('that is set up is the one for cards where there is a driver and a library, or it was asked for', () => {
    expect(deviceToSetUp('auto', true, true)).toBe('gpu');
    expect(deviceToSetUp('auto', true, false)).toBe('cpu');
    expect(deviceToSetUp('auto', false, true)).toBe('cpu');
    expect(deviceToSetUp('cpu', true, true)).toBe('cpu');
    expect(deviceToSetUp('gpu', false, true)).toBe('gpu');
  });

  it("for cards lies beside NVIDIA's libraries, where TensorFlow's own path leads: ../nvidia", () => {
    expect(runtimeFolder('gpu')).toMatch(/-gpu\/tensorflow$/);
    expect(cudaFolder()).toBe(runtimeFolder('gpu').replace(/tensorflow$/, 'nvidia'));
    expect(runtimeFolder('cpu')).not.toContain('gpu');
  });
});

describe('FT_DEVICE', () => {
  it('is auto where it is not set, and refused where it names nothing', () => {
    expect(askedDevice({})).toBe('auto');
    expect(askedDevice({ FT_DEVICE: ' gpu ' })).toBe('gpu');
    expect(() => askedDevice({ FT_DEVICE: 'cuda' })).toThrow(/names no device\n {2}expected: auto, cpu, gpu\n {2}found: {4}cuda/);
  });
});

describe('the driver', () => {
  const has = (...files: string[]) => hasDriver((path) => files.includes(path));
  it('is there where a card is handed in, and not by its entry in /proc alone, which every container sees', () => {
    expect(has('/dev/nvidiactl')).toBe(true);
    expect(has('/proc/driver/nvidia/version')).toBe(false);
    expect(has('/dev/dxg', '/usr/lib/wsl/lib/libcuda.so.1')).toBe(true);
    expect(has('/dev/dxg')).toBe(false);
  });
});
