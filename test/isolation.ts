/**
 * Which files of tests share a process. Loading TensorFlow and the sources takes seconds, more than the tests of most files, and V8 compiles
 * everything anew in each process: so files share one process after the other (vitest's `isolate: false`), as long as what they do is over
 * with them. Found by what stands in a file, so that nobody has to keep a list; test/shared-process.ts puts back what can be put back.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What stands in a file that needs a process of its own, and why. */
const MARKS: readonly (readonly [RegExp, string])[] = [
  [
    /\bvi\.(mock|doMock|hoisted|resetModules|stubGlobal)\b/,
    'the next file would import the mocked module, or one that was loaded with it',
  ],
  [/\bdivideProcessor\(|\bFT_CPU_DEVICES\b/, 'sessions are made with as many devices from then on'],
  [/\bprocess\.memoryUsage\b/, 'what was computed before lies in memory too'],
  [/\bprocess\.chdir\b/, 'other files may run at that moment'],
  [/^\/\/ In a process of its own: /m, 'it says so itself'],
];

/** Why a file of tests needs a process of its own; null where it shares one. */
export function reasonForOwnProcess(source: string): string | null {
  return MARKS.find(([mark]) => mark.test(source))?.[1] ?? null;
}

/** The files of a suite, from the root of the repository. Those of the longer suites have processes of their own, each. */
export function filesOf(suite: string): { alone: string[]; shared: string[] } {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(`.${suite}.ts`));
  const alone = files.filter((file) => suite !== 'test' || reasonForOwnProcess(readFileSync(`${here}${file}`, 'utf8')) !== null);
  const paths = (of: readonly string[]) => of.map((file) => `test/${file.replaceAll('\\', '/')}`).sort();
  return { alone: paths(alone), shared: paths(files.filter((file) => !alone.includes(file))) };
}

/** Makes an environment what it was. */
export function putBack(env: NodeJS.ProcessEnv, before: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of Object.keys(env)) if (!(name in before)) delete env[name];
  Object.assign(env, before);
}
