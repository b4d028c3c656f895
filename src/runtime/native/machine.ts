import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { type RunTool, runTool } from './tools.js';

/** The instructions that decide how fast a step is. */
export const CPU_FEATURES = ['AVX2', 'AVX-512', 'AVX-512 BF16', 'AMX', 'NEON', 'SVE', 'BF16'] as const;
export type CpuFeature = (typeof CPU_FEATURES)[number];

/** What the kernel calls them: x86's flags, Arm's features, and macOS's `hw.optional.arm` entries. */
const FLAGS: Readonly<Record<CpuFeature, readonly string[]>> = {
  AVX2: ['avx2'],
  'AVX-512': ['avx512f'],
  'AVX-512 BF16': ['avx512_bf16'],
  AMX: ['amx_bf16'],
  NEON: ['asimd', 'advsimd'],
  SVE: ['sve'],
  BF16: ['bf16', 'feat_bf16'],
};

export interface Hardware {
  cpu: string;
  features: CpuFeature[];
  /** Cores that this process may use. */
  threads: number;
  memoryBytes: number;
  freeBytes: number;
}

/** The features among a processor's flags, in a fixed order. */
export function featuresOf(flags: Iterable<string>): CpuFeature[] {
  const has = new Set([...flags].map((flag) => flag.toLowerCase()));
  return CPU_FEATURES.filter((feature) => FLAGS[feature].some((flag) => has.has(flag)));
}

/** The flags of the first processor in the text of `/proc/cpuinfo`. */
export function flagsOfCpuinfo(text: string): string[] {
  return /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
}

/** The names of the entries that are 1 in the text of `sysctl hw.optional.arm`. */
export function flagsOfSysctl(text: string): string[] {
  return [...text.matchAll(/^hw\.optional(?:\.arm)?\.(\w+): 1$/gm)].map((match) => match[1] ?? '');
}

export async function inspectHardware(run: RunTool = runTool, platform: string = process.platform): Promise<Hardware> {
  const flags =
    platform === 'darwin'
      ? flagsOfSysctl((await run('sysctl', ['hw.optional']))?.stdout ?? '')
      : flagsOfCpuinfo(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    features: featuresOf(flags),
    threads: availableParallelism(),
    memoryBytes: Math.min(memoryLimit(), totalmem()),
    freeBytes: freeMemory(),
  };
}

/** Bytes that this process may still take. */
export function freeMemory(): number {
  return Math.min(memoryLimit(), freemem());
}

/** In a container the limit is what counts; without one, Node gives 0 or a figure beyond all memory. */
function memoryLimit(): number {
  return process.constrainedMemory() || Number.POSITIVE_INFINITY;
}
