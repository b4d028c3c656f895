import { UserError } from '../../errors.js';
import { type Device, TENSORFLOW_VERSION } from './location.js';
import type { Wheel } from './wheel.js';

/** One kind of machine that TensorFlow's library is published for, the wheel that carries it, and what it takes to build the binding there. */
export interface Platform extends Wheel {
  /** `process.platform`-`process.arch`. */
  readonly name: string;
  readonly device: Device;
  /** `tensorflow` is for the CPU too where there is no `tensorflow-cpu`. */
  readonly project: 'tensorflow-cpu' | 'tensorflow';
  /** Bytes of the two libraries in the wheel once unpacked. */
  readonly libraryBytes: number;
  readonly libraries: { readonly tensorflow: string; readonly framework: string };
  readonly compiler: 'g++' | 'clang++';
  /** Lets the binding find the libraries that lie beside it, and Node's own functions in the process that loads it. */
  readonly linkFlags: readonly string[];
}

const COMMON = { version: TENSORFLOW_VERSION } as const;

const LINUX = {
  ...COMMON,
  libraries: { tensorflow: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2' },
  compiler: 'g++',
  linkFlags: ['-Wl,-rpath,$ORIGIN', '-ldl'],
} as const;

const ALL: readonly Platform[] = [
  {
    name: 'linux-x64',
    device: 'cpu',
    project: 'tensorflow-cpu',
    pipPlatform: 'manylinux_2_27_x86_64',
    wheel: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    wheelBytes: 273_829_956,
    libraryBytes: 853_308_936,
    ...LINUX,
  },
  {
    name: 'linux-x64',
    device: 'gpu',
    project: 'tensorflow',
    pipPlatform: 'manylinux_2_27_x86_64',
    wheel: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    wheelBytes: 572_440_367,
    libraryBytes: 1_259_021_080,
    ...LINUX,
  },
  {
    name: 'linux-arm64',
    device: 'cpu',
    project: 'tensorflow',
    pipPlatform: 'manylinux_2_27_aarch64',
    wheel: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    wheelBytes: 281_828_020,
    libraryBytes: 883_062_208,
    ...LINUX,
  },
  {
    ...COMMON,
    name: 'darwin-arm64',
    device: 'cpu',
    project: 'tensorflow',
    pipPlatform: 'macosx_12_0_arm64',
    wheel: 'tensorflow-2.21.0-cp311-cp311-macosx_12_0_arm64.whl',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    wheelBytes: 223_405_849,
    libraryBytes: 740_805_624,
    libraries: { tensorflow: 'libtensorflow_cc.2.dylib', framework: 'libtensorflow_framework.2.dylib' },
    compiler: 'clang++',
    linkFlags: ['-Wl,-rpath,@loader_path', '-undefined', 'dynamic_lookup'],
  },
];

const of = (device: Device) =>
  new Map(ALL.flatMap((platform) => (platform.device === device ? [[platform.name, platform]] : [])));

export const PLATFORMS: ReadonlyMap<string, Platform> = of('cpu');

/** Machines whose NVIDIA cards the published library computes on. */
export const GPU_PLATFORMS: ReadonlyMap<string, Platform> = of('gpu');

/** What decides whether the published library runs: Node's names for system and processor, and the C library's version. */
export interface Machine {
  platform: string;
  arch: string;
  /** `major.minor` of glibc; undefined where there is none (macOS; musl on Alpine). */
  glibc: string | undefined;
}

const OLDEST_GLIBC = [2, 27] as const;

/** The platform of a machine; a `UserError` that lists the choices where TensorFlow has no library for it. */
export function platformOf(machine: Machine, device: Device = 'cpu'): Platform {
  const name = `${machine.platform}-${machine.arch}`;
  const platform = (device === 'cpu' ? PLATFORMS : GPU_PLATFORMS).get(name);
  if (platform === undefined && device === 'gpu') {
    throw new UserError({
      what: `TensorFlow ${TENSORFLOW_VERSION} has no library for NVIDIA cards on ${name}`,
      expected: [...GPU_PLATFORMS.keys()].join(', '),
      mend: 'FT_DEVICE=cpu make setup   (to compute on the processor)',
    });
  }
  if (platform === undefined) {
    throw new UserError({
      what: `TensorFlow 2.21.0 has no library for ${name}`,
      expected: [...PLATFORMS.keys()].join(', '),
      mend:
        machine.platform === 'win32'
          ? 'run ft inside the Windows Subsystem for Linux'
          : 'run ft on one of these machines, or in a Debian container on one',
    });
  }
  if (machine.platform === 'linux' && !isRecent(machine.glibc)) {
    throw new UserError({
      what: "this system's C library cannot load TensorFlow",
      expected: `glibc ${OLDEST_GLIBC.join('.')} or newer (Debian 10, Ubuntu 18.04 and later)`,
      found: machine.glibc === undefined ? 'no glibc (musl, as on Alpine)' : `glibc ${machine.glibc}`,
      mend: 'run ft on Debian or Ubuntu, or in a container of one',
    });
  }
  return platform;
}

function isRecent(glibc: string | undefined): boolean {
  if (glibc === undefined) return false;
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  return major > OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor >= OLDEST_GLIBC[1]);
}

/** The machine this process runs on. */
export function thisMachine(): Machine {
  // Without this the report asks the name server for every open connection.
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}
