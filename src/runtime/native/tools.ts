import { spawn } from 'node:child_process';
import { UserError } from '../../errors.js';

/** How a program ended. */
export interface Finished {
  /** 0 for success; null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, or gives undefined where it is not installed. */
export type RunTool = (
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
) => Promise<Finished | undefined>;

export const runTool: RunTool = (command, args, env = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    // Ctrl-C reaches the child by itself; any other end of this process must not leave it at work.
    const end = () => child.kill();
    process.once('exit', end);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      process.off('exit', end);
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', (code) => {
      process.off('exit', end);
      resolve({ code, ...texts });
    });
  });

/** What a set-up needs from the system. */
export type Prerequisite = 'compiler' | 'python' | 'pip';

const DEBIAN: Readonly<Record<Prerequisite, string>> = {
  compiler: 'g++',
  python: 'python3 python3-pip',
  pip: 'python3-pip',
};

/** The line that installs what is missing. */
export function installLine(missing: Prerequisite, platform: string = process.platform): string {
  if (platform === 'darwin') return missing === 'pip' ? 'python3 -m ensurepip --user' : 'xcode-select --install';
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get install -y ${DEBIAN[missing]}`;
}

export function missing(prerequisite: Prerequisite, what: string): UserError {
  return new UserError({ what, mend: `${installLine(prerequisite)}   (then once more: make setup)` });
}

/** The last lines that a program wrote, for an error message. */
export function lastLines(text: string, count = 6): string {
  return text.trim().split('\n').slice(-count).join('\n            ');
}
