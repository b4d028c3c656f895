import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { doctorVerb } from '../../../src/cli/doctor.js';
import { streamsIo } from '../../../src/cli/io.js';
import { type Diagnosis, diagnose } from '../../../src/runtime/native/diagnosis.js';
import { featuresOf, flagsOfCpuinfo, flagsOfSysctl } from '../../../src/runtime/native/machine.js';
import type { RunTool } from '../../../src/runtime/native/tools.js';

const healthy: Diagnosis = {
  node: '20.11.0',
  npm: '10.2.4',
  compiler: { command: 'g++', version: 'g++ (Debian 12.2.0-14) 12.2.0' },
  python: '3.11.2',
  pip: '23.0.1',
  tensorflow: { version: '2.21.0', tfjs: '4.22.0', folder: '/cache/ft/native/x', runtime: 'cpu', state: 'ready' },
  gpu: {
    cards: { driver: undefined, cards: [], visible: [], fault: { what: 'no NVIDIA driver on this machine' } },
    libraries: null,
    used: false,
    reason: 'no NVIDIA driver on this machine',
  },
  hardware: {
    cpu: 'Some Processor',
    features: ['AVX2', 'AVX-512', 'AMX'],
    threads: 2,
    memoryBytes: 16e9,
    freeBytes: 12.34e9,
  },
  cache: { folder: '/cache/ft', bytes: 1.2e9 },
  faults: [],
};

async function call(diagnosis: Diagnosis, ...args: string[]): Promise<string> {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const io = streamsIo({ stdout: { write }, stderr: { write() {} }, folder: '.' });
  const command = doctorVerb(io, async () => diagnosis);
  await command.parseAsync(args, { from: 'user' }).catch((error: Error) => {
    text += `thrown: ${error.message}`;
  });
  return text;
}

describe('ft doctor', () => {
  it('tells everything that was found, and that all is well', async () => {
    expect(await call(healthy)).toBe(`Node          20.11.0, npm 10.2.4
compiler      g++: g++ (Debian 12.2.0-14) 12.2.0
Python        3.11.2, pip 23.0.1
TensorFlow    2.21.0, binding of tfjs-node 4.22.0, in /cache/ft/native/x
processor     Some Processor
instructions  AVX2, AVX-512, AMX
bf16          fast (AMX)
threads       2
memory        16.0 GB, 12.3 GB free
computes on   the processor: no NVIDIA driver on this machine
cache         /cache/ft, 1.2 GB

ft can work here.
`);
  });

  it('ends with every fault and its mend', async () => {
    const ill: Diagnosis = {
      ...healthy,
      compiler: { command: 'g++', version: undefined },
      tensorflow: { ...healthy.tensorflow, version: undefined, state: 'absent' },
      faults: [
        { what: 'the C++ compiler g++ is not installed', mend: 'apt-get install -y g++' },
        { what: 'TensorFlow is not set up', mend: 'make setup' },
      ],
    };
    const text = await call(ill);
    expect(text).toContain('compiler      g++: not installed\n');
    expect(text).toContain('TensorFlow    not set up\n');
    expect(text).toContain('ft cannot work here yet: 2 faults.');
    expect(text).toMatch(
      /thrown: the C\+\+ compiler g\+\+ is not installed\n {2}do this: {2}apt-get install -y g\+\+\nTensorFlow is not set up/,
    );
  });

  it('names each card, what TensorFlow found for it, and whether it is computed on', async () => {
    const card = { uuid: 'GPU-1', name: 'NVIDIA H100', memoryBytes: 85.5e9, freeBytes: 84e9, capability: '9.0', mode: 'Default' };
    const cards = [
      { ...card, index: 0 },
      { ...card, index: 1, name: 'NVIDIA T4', capability: '7.5' },
    ];
    const library = (name: string, version: string | null, found = true) => ({ name, version, found });
    const gpu = {
      cards: { driver: '580.159.04', cards, visible: cards.slice(0, 1), fault: undefined },
      libraries: [library('libcudart.so.12', '12.9'), library('libcublas.so.12', null), library('libcudnn.so.9', '9.28.0')],
      used: true,
      reason: null,
    };
    const text = await call({ ...healthy, tensorflow: { ...healthy.tensorflow, runtime: 'gpu' }, gpu });
    expect(text).toContain(`TensorFlow    2.21.0 for cards, binding`);
    expect(text).toContain(`GPU 0         NVIDIA H100, 85.5 GB, 84.0 GB free, compute capability 9.0
GPU 1         NVIDIA T4, 85.5 GB, 84.0 GB free, compute capability 7.5; hidden by CUDA_VISIBLE_DEVICES
driver        580.159.04
CUDA          12.9, cuDNN 9.28.0
computes on   GPU 0
`);
    const lost = {
      ...gpu,
      libraries: [library('libcusolver.so.11', null, false)],
      used: false,
      reason: 'a computation on it failed',
    };
    const worse = await call({ ...healthy, gpu: lost });
    expect(worse).toContain('CUDA          TensorFlow does not find libcusolver.so.11\n');
    expect(worse).toContain('computes on   the processor: a computation on it failed\n');
  });

  it('gives the same as JSON', async () => {
    expect(JSON.parse(await call(healthy, '--json'))).toEqual(JSON.parse(JSON.stringify(healthy)));
  });
});

describe('the diagnosis', () => {
  const nothing: RunTool = async () => undefined;
  const machine = { platform: 'linux', arch: 'x64', glibc: '2.36' };

  // Where the whole suite runs by the runtime for cards, this is not about it.
  beforeEach(() => vi.stubEnv('FT_RUNTIME', ''));
  afterEach(() => vi.unstubAllEnvs());

  it('finds compiler and Python missing only where TensorFlow still has to be set up', async () => {
    const cache = process.env.XDG_CACHE_HOME;
    process.env.XDG_CACHE_HOME = '/nowhere/at/all';
    try {
      const { faults, tensorflow, gpu, npm } = await diagnose({ machine, run: nothing });
      expect(faults.map((fault) => fault.what)).toEqual([
        'python3 is not installed',
        'the C++ compiler g++ is not installed',
        'TensorFlow is not set up',
      ]);
      expect(faults.every((fault) => fault.mend !== undefined)).toBe(true);
      expect([tensorflow.state, npm, gpu.reason]).toEqual(['absent', undefined, 'no NVIDIA driver on this machine']);
    } finally {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
    }
  });

  it('says it when there is no library for this machine', async () => {
    const { faults } = await diagnose({ machine: { ...machine, arch: 's390x' }, run: nothing });
    expect(faults.map((fault) => fault.what)).toContain('TensorFlow 2.21.0 has no library for linux-s390x');
  });
});

describe('the hardware', () => {
  it('has the features that the kernel names', () => {
    const intel =
      'processor\t: 0\nflags\t\t: fpu sse avx2 avx512f avx512_bf16 amx_bf16 amx_tile\nbugs\t\t: none\nflags\t\t: later';
    expect(featuresOf(flagsOfCpuinfo(intel))).toEqual(['AVX2', 'AVX-512', 'AVX-512 BF16', 'AMX']);
    expect(featuresOf(flagsOfCpuinfo('Features\t: fp asimd sve bf16\n'))).toEqual(['NEON', 'SVE', 'BF16']);
    const apple = 'hw.optional.arm.FEAT_BF16: 1\nhw.optional.AdvSIMD: 1\nhw.optional.arm.FEAT_SME: 0\n';
    expect(featuresOf(flagsOfSysctl(apple))).toEqual(['NEON', 'BF16']);
    expect(featuresOf(flagsOfCpuinfo(''))).toEqual([]);
  });
});
