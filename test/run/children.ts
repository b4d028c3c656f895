/** `ft` as a person starts it, in a process of its own, and what may happen to it from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; err: string }>;
}

const launcher = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));

/** `ft` as a person starts it, in a process of its own. */
export function ftChild(argv: readonly string[], folder: string): Child {
  const child = spawn(process.execPath, [launcher, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; out: string; err: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, out, err })),
  );
  return { process: child, ended };
}

/** Waits until `when` holds, looked at every few milliseconds; fails where the child ends before. */
export async function waitUntil(child: Child, when: () => boolean): Promise<void> {
  let over = false;
  void child.ended.then(() => (over = true));
  while (!over && !when()) await new Promise((resolve) => setTimeout(resolve, 5));
  if (over) throw new Error(`the child ended before what was waited for: ${(await child.ended).err}`);
}

/** Sends a signal as soon as `when` holds; fails where the child ends before. */
export async function signalWhen(child: Child, signal: NodeJS.Signals, when: () => boolean) {
  await waitUntil(child, when);
  child.process.kill(signal);
  return child.ended;
}
