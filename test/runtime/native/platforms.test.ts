import { describe, expect, it } from 'vitest';
import { PLATFORMS, platformOf, thisMachine } from '../../../src/runtime/native/platforms.js';

describe('the platforms that TensorFlow is published for', () => {
  it('are Linux on x86_64 and aarch64, and macOS on Apple silicon, each with a pinned wheel of its own', () => {
    expect([...PLATFORMS.keys()]).toEqual(['linux-x64', 'linux-arm64', 'darwin-arm64']);
    const pins = [...PLATFORMS.values()].map((platform) => platform.sha256);
    expect(new Set(pins).size).toBe(3);
    for (const platform of PLATFORMS.values()) {
      expect(platform.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(platform.wheel).toBe(`${platform.project.replace('-', '_')}-2.21.0-cp311-cp311-${platform.pipPlatform}.whl`);
    }
  });

  it('are found from what Node and the C library say', () => {
    expect(platformOf({ platform: 'linux', arch: 'x64', glibc: '2.36' }).project).toBe('tensorflow-cpu');
    expect(platformOf({ platform: 'linux', arch: 'arm64', glibc: '2.27' }).libraries.tensorflow).toBe('libtensorflow_cc.so.2');
    expect(platformOf({ platform: 'darwin', arch: 'arm64', glibc: undefined }).compiler).toBe('clang++');
    expect(platformOf({ platform: 'linux', arch: 'x64', glibc: '3.0' }).name).toBe('linux-x64');
  });

  it('are listed when the machine is none of them', () => {
    expect(() => platformOf({ platform: 'freebsd', arch: 'riscv64', glibc: undefined })).toThrow(
      'TensorFlow 2.21.0 has no library for freebsd-riscv64\n' +
        '  expected: linux-x64, linux-arm64, darwin-arm64\n' +
        '  do this:  run ft on one of these machines, or in a Debian container on one',
    );
    expect(() => platformOf({ platform: 'win32', arch: 'x64', glibc: undefined })).toThrow(/Windows Subsystem for Linux/);
    expect(() => platformOf({ platform: 'darwin', arch: 'x64', glibc: undefined })).toThrow(/no library for darwin-x64/);
  });

  it('need a C library that is not musl and not older than glibc 2.27', () => {
    expect(() => platformOf({ platform: 'linux', arch: 'x64', glibc: undefined })).toThrow(
      /found: {4}no glibc \(musl, as on Alpine\)/,
    );
    expect(() => platformOf({ platform: 'linux', arch: 'x64', glibc: '2.26' })).toThrow(/found: {4}glibc 2\.26/);
  });

  it.runIf(process.platform === 'linux')('are asked of this machine, whose C library has a version', () => {
    expect(thisMachine()).toMatchObject({ platform: 'linux', arch: process.arch, glibc: expect.stringMatching(/^\d+\.\d+$/) });
  });
});
