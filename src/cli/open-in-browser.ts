import { spawn } from 'node:child_process';
import type { TextStream } from './text-stream.js';

/** What opens a file on each system; the file is an argument of its own, never part of a shell's line. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Shows a file in the person's browser and does not wait for it. Where that fails it is said, and nothing else fails. */
export async function openInBrowser(path: string, stderr: TextStream): Promise<void> {
  const [program, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  await new Promise<void>((resolve) => {
    const child = spawn(program, [...args, path], { stdio: 'ignore', detached: true });
    child.once('error', (error) => {
      stderr.write(`the page could not be shown (${error.message}): open ${path} by hand\n`);
      resolve();
    });
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
