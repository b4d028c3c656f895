/** `ft serve` in a process of its own, as a person starts it, and how it is asked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const FT = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** A server that is ended after the tests of the file; resolves once it listens. */
export async function startServing(folder: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [FT, 'serve', ...argv, '--port', '0', '--json'], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  children.push(child);
  let err = '';
  child.stderr.on('data', (part) => (err += part));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (part) => resolve(String(part)));
    child.once('exit', () => reject(new Error(err)));
  });
  const { url } = JSON.parse(line) as { url: string };
  const ask = (path: string, ...fields: (readonly [string, Blob])[]) => {
    const body = new FormData();
    for (const [name, blob] of fields) body.append(name, blob, 'x.png');
    return fetch(`${url}${path}`, { method: 'POST', body });
  };
  const post = async <T>(path: string, ...fields: (readonly [string, Blob])[]) =>
    (await (await ask(path, ...fields)).json()) as T;
  return { child, url, ask, post, exited, err: () => err };
}
