import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import {
  bindingFile,
  cudaAddonFile,
  cudaAddonSource,
  nodeHeadersFolder,
  preloadFile,
  preloadSource,
  tfjsPackage,
} from './location.js';
import type { Platform } from './platforms.js';
import { installLine, lastLines, missing, type RunTool, runTool } from './tools.js';

/** Compiles the binding and the addons into `folder`, where the libraries lie, against TensorFlow's header files in `headers`. */
export type Compile = (platform: Platform, folder: string, headers: string) => Promise<void>;
/** Compiles ft's own addons into `folder`; they need neither libraries nor header files of TensorFlow's. */
export type CompileAddons = (platform: Platform, folder: string) => Promise<void>;

/** The C++ compiler: `$CXX`, else the platform's own. */
export function compilerOf(platform: Platform, env: NodeJS.ProcessEnv = process.env): string {
  return env.CXX || platform.compiler;
}

/** One compiler call for tfjs-node's own source as it was published, and one for each small addon beside it. */
export function compileWith(run: RunTool = runTool): Compile {
  return async (platform, folder, headers) => {
    const source = tfjsPackage().folder;
    await compile(run, platform, [
      ...shared(),
      ...['-DNODE_GYP_MODULE_NAME=tfjs_binding', '-I', headers, '-I', source],
      ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(source, 'binding', file)),
      ...Object.values(platform.libraries).map((library) => join(folder, library)),
      ...platform.linkFlags,
      ...['-o', bindingFile(folder)],
    ]);
    await compileAddonsWith(run)(platform, folder);
  };
}

const shared = () => ['-std=c++17', '-O2', '-fPIC', '-shared', '-DNAPI_VERSION=8', '-I', nodeHeadersFolder()];

export function compileAddonsWith(run: RunTool = runTool): CompileAddons {
  return async (platform, folder) => {
    for (const [addon, file] of addonsOf(platform, folder)) {
      await compile(run, platform, [
        ...shared(),
        `-DFRAMEWORK_FILE="${platform.libraries.framework}"`,
        addon,
        ...platform.linkFlags,
        ...['-o', file],
      ]);
    }
  };
}

/** Names of what ft's own addons are compiled to. */
export function addonFiles(platform: Platform): string[] {
  return addonsOf(platform, '').map(([, file]) => file);
}

/** Our own addons: source and where it is compiled to. */
function addonsOf({ device }: Platform, folder: string): [source: string, file: string][] {
  const preload: [string, string] = [preloadSource(), preloadFile(folder)];
  return device === 'cpu' ? [preload] : [preload, [cudaAddonSource(), cudaAddonFile(folder)]];
}

async function compile(run: RunTool, platform: Platform, args: string[]): Promise<void> {
  const compiler = compilerOf(platform);
  const finished = await run(compiler, args);
  if (finished === undefined) throw missing('compiler', `the C++ compiler ${compiler} is not installed`);
  if (finished.code !== 0) {
    throw new UserError({
      what: `${compiler} could not compile TensorFlow's binding`,
      found: lastLines(finished.stderr, 12),
      mend: `${installLine('compiler')}   (g++ 8, clang 7 or newer; another compiler: CXX=… make setup)`,
    });
  }
}

/** SHA-256 over the sources of ft's own addons: when it changes, they are compiled anew. The binding's source is that of tfjs's version. */
export async function sourcesSha256(platform: Platform): Promise<string> {
  const hash = createHash('sha256');
  for (const [source] of addonsOf(platform, '')) hash.update(await readFile(source));
  return hash.digest('hex');
}
