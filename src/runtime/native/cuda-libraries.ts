import { cudaAddonFile } from './location.js';
import { type RunTool, runTool } from './tools.js';

/** One of NVIDIA's libraries that TensorFlow opens for a card. */
export interface CudaLibrary {
  readonly name: string;
  readonly found: boolean;
  /** As the library itself says: `12.9`, `9.28.0`; null where it does not. */
  readonly version: string | null;
}

/**
 * Which of NVIDIA's libraries TensorFlow finds from where its runtime lies, and their versions; undefined where that cannot be
 * asked. Needs no card. In a process of its own: they are large, and a broken one brings its process down.
 */
export async function cudaLibraries(folder: string, run: RunTool = runTool): Promise<CudaLibrary[] | undefined> {
  const script = 'process.stdout.write(JSON.stringify(require(process.argv[1]).libraries()))';
  const child = await run(process.execPath, ['-e', script, cudaAddonFile(folder)]);
  if (child?.code !== 0) return undefined;
  const found = JSON.parse(child.stdout) as { name: string; found: boolean; version: number }[];
  return found.map(({ name, found, version }) => ({ name, found, version: version === 0 ? null : inWords(name, version) }));
}

/** CUDA's 12090 is 12.9, cuDNN's 92800 is 9.28.0. */
function inWords(name: string, version: number): string {
  if (name.startsWith('libcudnn')) return `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}.${version % 100}`;
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}
