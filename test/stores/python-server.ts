import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export interface PythonServer {
  /** What it said once it was ready. */
  readonly said: string;
  stop(): Promise<void>;
}

/** Starts a server of this folder in a new folder, until `stop` or until this process ends: it lives as long as its standard input. */
export async function startPython(script: string, ...args: string[]): Promise<PythonServer> {
  const venv = execFileSync('sh', [path('../bench/venv.sh'), path('requirements.txt')], { encoding: 'utf8', timeout: 900_000 });
  const folder = mkdtempSync(join(tmpdir(), 'ft-python-'));
  const child = spawn(venv.trim(), [path(script), folder, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for await (const said of createInterface({ input: child.stdout })) return { said, stop };
  await stop();
  throw new Error(`${script} ended before it was ready`);
}
