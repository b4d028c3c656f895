/**
 * NVIDIA's libraries for TensorFlow 2.21's GPU build: the wheels that its `and-cuda` extra names, of CUDA 12 and cuDNN 9, and of each the
 * files that a training on a card opens. What stays out: cuDNN's `adv` (recurrent networks), NVBLAS, cuFFTW, cuSOLVER for several cards, and
 * the profiler's own tools.
 */
import { mkdir, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Progress } from '../../progress.js';
import { extractMembers } from './extract.js';
import { LOCK_STALE } from './install.js';
import { ensureLaid, isLaid, requireRoom } from './laid-folder.js';
import { type Download, obtainWheel, pipDownload, type Wheel } from './wheel.js';

/** One of NVIDIA's wheels. */
export interface CudaWheel extends Wheel {
  /** The folder below `nvidia` in it, and in the cache. */
  readonly name: string;
  /** Below that folder. */
  readonly files: readonly string[];
  /** Of these, unpacked. */
  readonly bytes: number;
}

const CUDNN = [
  '',
  '_cnn',
  '_engines_precompiled',
  '_engines_runtime_compiled',
  '_engines_tensor_ir',
  '_ext',
  '_graph',
  '_heuristic',
  '_ops',
];

/** name, version, tags of the file's name, SHA-256, its bytes, files, their bytes. */
const PINNED = [
  [
    'cublas',
    '12.9.3.13',
    'manylinux_2_27_x86_64',
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
    581_217_458,
    ['lib/libcublas.so.12', 'lib/libcublasLt.so.12'],
    854_310_592,
  ],
  [
    'cuda_cupti',
    '12.8.90',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182',
    10_248_621,
    ['lib/libcupti.so.12'],
    7_595_792,
  ],
  [
    'cuda_nvcc',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    40_546_229,
    ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc'],
    35_417_224,
  ],
  [
    'cuda_nvrtc',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    89_568_129,
    ['lib/libnvrtc-builtins.so.12.9', 'lib/libnvrtc.so.12'],
    113_447_240,
  ],
  [
    'cuda_runtime',
    '12.9.79',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    3_493_179,
    ['lib/libcudart.so.12'],
    741_088,
  ],
  [
    'cudnn',
    '9.28.0.42',
    'manylinux_2_27_x86_64',
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    716_538_495,
    CUDNN.map((part) => `lib/libcudnn${part}.so.9`),
    929_489_192,
  ],
  [
    'cufft',
    '11.4.1.4',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    200_877_592,
    ['lib/libcufft.so.11'],
    291_507_928,
  ],
  [
    'curand',
    '10.3.10.19',
    'manylinux_2_27_x86_64',
    '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
    68_295_626,
    ['lib/libcurand.so.10'],
    166_965_432,
  ],
  [
    'cusolver',
    '11.7.5.82',
    'manylinux_2_27_x86_64',
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    338_117_415,
    ['lib/libcusolver.so.11'],
    302_024_152,
  ],
  [
    'cusparse',
    '12.5.10.65',
    'manylinux2014_x86_64.manylinux_2_17_x86_64',
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    366_465_088,
    ['lib/libcusparse.so.12'],
    486_556_368,
  ],
  [
    'nccl',
    '2.32.3',
    'manylinux_2_27_x86_64',
    'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    351_526_311,
    ['lib/libnccl.so.2'],
    473_614_536,
  ],
  [
    'nvjitlink',
    '12.9.86',
    'manylinux2010_x86_64.manylinux_2_12_x86_64',
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    39_748_338,
    ['lib/libnvJitLink.so.12'],
    95_935_344,
  ],
] as const;

export const CUDA_WHEELS: readonly CudaWheel[] = PINNED.map(([name, version, tags, sha256, wheelBytes, files, bytes]) => ({
  name,
  project: `nvidia-${name.replaceAll('_', '-')}-cu12`,
  version,
  wheel: `nvidia_${name}_cu12-${version}-py3-none-${tags}.whl`,
  pipPlatform: tags.split('.')[0] as string,
  sha256,
  wheelBytes,
  files,
  bytes,
}));

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Bytes to fetch and bytes that stay, of some wheels. */
export function cudaBytes(wheels: readonly CudaWheel[] = CUDA_WHEELS): { fetched: number; stays: number } {
  return { fetched: sum(wheels.map(({ wheelBytes }) => wheelBytes)), stays: sum(wheels.map(({ bytes }) => bytes)) };
}

/** Of these, the ones that are not laid yet. */
export async function missingCuda(folder: string, wheels: readonly CudaWheel[] = CUDA_WHEELS): Promise<CudaWheel[]> {
  const laid = await Promise.all(wheels.map((wheel) => isLaid(join(folder, wheel.name), source(wheel))));
  return wheels.filter((_, at) => !laid[at]);
}

/**
 * Lays NVIDIA's libraries into `folder` as their wheels have them (`cublas/lib/…`), one wheel after the other: a set-up that was
 * cut off goes on with the next, and no more than one wheel lies beside what is laid.
 *
 * TensorFlow looks for them at `$ORIGIN/../nvidia/NAME/lib`, so `folder` is `nvidia` beside its own. The one that it opens and has no
 * such path for is cuSOLVER (libtensorflow_framework 2.21): it gets a link beside cuBLAS.
 */
export async function ensureCuda(
  progress: Progress,
  folder: string,
  { download = pipDownload(), wheels = CUDA_WHEELS }: { download?: Download; wheels?: readonly CudaWheel[] } = {},
): Promise<void> {
  const missing = await missingCuda(folder, wheels);
  if (missing.length === 0) return;
  await mkdir(folder, { recursive: true });
  const { stays } = cudaBytes(missing);
  await requireRoom(folder, { needed: stays + 2 * Math.max(...missing.map(({ wheelBytes }) => wheelBytes)), stays });
  for (const wheel of missing) {
    const wheelFolder = join(folder, `.${wheel.name}.wheel`);
    await ensureLaid(
      {
        folder: join(folder, wheel.name),
        from: source(wheel),
        room: { needed: 2 * wheel.wheelBytes + wheel.bytes, stays: wheel.bytes },
        lockStale: LOCK_STALE,
        async fill(temporary) {
          const path = await obtainWheel(wheel, wheelFolder, progress, download);
          const prefix = `nvidia/${wheel.name}/`;
          const wanted = new Set(wheel.files.map((file) => prefix + file));
          const target = (member: string) => (wanted.has(member) ? join(temporary, member.slice(prefix.length)) : undefined);
          await extractMembers(
            path,
            wheel.files.map((file) => basename(file)),
            target,
            wheel.bytes,
            progress,
          );
          if (wheel.name === 'cublas') await symlink(`../../cusolver/lib/${SOLVER}`, join(temporary, 'lib', SOLVER));
        },
      },
      progress,
    );
    await rm(wheelFolder, { recursive: true, force: true });
  }
}

const SOLVER = 'libcusolver.so.11';

function source({ project, version, sha256, files }: CudaWheel) {
  return { project, version, wheelSha256: sha256, members: files.join(' ') };
}
