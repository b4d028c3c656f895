import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../../src/cli/prerequisites.sh', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../../../src/cli/ft.mjs', import.meta.url));

let programs: string;
beforeEach(() => {
  programs = mkdtempSync(join(tmpdir(), 'ft-path-'));
});
afterEach(() => rmSync(programs, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(join(programs, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(programs, name), 0o755);
}

/** A machine that has everything. */
function complete(): void {
  for (const name of ['sh', 'id']) {
    const path = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(path, join(programs, name));
  }
  symlinkSync(process.execPath, join(programs, 'node'));
  program('uname', 'echo Linux');
  for (const name of ['npm', 'g++', 'python3']) program(name, 'exit 0');
}

function look(...args: string[]) {
  const ended = spawnSync(join(programs, 'sh'), [SCRIPT, ...args], { env: { PATH: programs }, encoding: 'utf8' });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

describe.runIf(process.platform === 'linux')('the prerequisites', () => {
  it('are silent when all are there', () => {
    complete();
    expect(look()).toEqual({ code: 0, out: '', err: '' });
    expect(look('--packages')).toEqual({ code: 0, out: '', err: '' });
  });

  it('name pip when python3 has none, with the line that installs it', () => {
    complete();
    program('python3', 'exit 1');
    const { code, err } = look();
    expect(code).toBe(2);
    expect(err).toMatch(/missing: {2}pip for python3[^]*do this: {2}(sudo )?apt-get install -y python3-pip\n$/);
    expect(look('--packages')).toEqual({ code: 0, out: 'python3-pip\n', err: '' });
  });

  it('name everything that is missing at once', () => {
    complete();
    for (const name of ['npm', 'g++', 'python3']) rmSync(join(programs, name));
    const { code, err } = look();
    expect(code).toBe(2);
    expect(err.match(/missing:/g)).toHaveLength(3);
    expect(err).toMatch(/apt-get install -y npm g\+\+ python3 python3-pip\n$/);
  });

  it('refuse a Node that is too old, and say where a newer one is found', () => {
    complete();
    rmSync(join(programs, 'node'));
    program('node', 'if [ "$1" = --version ]; then echo v18.19.0; else exit 1; fi');
    expect(look().err).toMatch(/node, version 20\.9 or newer \(found v18\.19\.0\)[^]*-y nodejs\n[^]*nodejs\.org/);
  });

  it('take the compiler in CXX', () => {
    complete();
    const env = { PATH: programs, CXX: 'clang++-99' };
    const { stderr } = spawnSync(join(programs, 'sh'), [SCRIPT], { env, encoding: 'utf8' });
    expect(stderr).toContain('missing:  the C++ compiler clang++-99');
  });
});

describe('the launcher', () => {
  it('says what to do where the packages are not installed', () => {
    copyFileSync(LAUNCHER, join(programs, 'ft.mjs'));
    const { status, stderr } = spawnSync(process.execPath, [join(programs, 'ft.mjs'), '--help'], { encoding: 'utf8' });
    expect(stderr).toBe('ft: its packages are not installed here\n  do this:  make setup\n');
    expect(status).toBe(2);
  });

  it('refuses an old Node in words', () => {
    const old = 'data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.8.1" })';
    const { status, stderr } = spawnSync(process.execPath, ['--import', old, LAUNCHER], { encoding: 'utf8' });
    expect(stderr).toBe('ft: Node 20.8.1 is too old\n  do this:  install Node 20.9 or newer, then: make setup\n');
    expect(status).toBe(2);
  });

  it.each([['list'], ['show', 'resnet50']])('reads the cards of weights without TensorFlow: %s', (...verb) => {
    const env = { ...process.env, XDG_CACHE_HOME: join(programs, 'nothing-here') };
    const { status, stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, 'weights', ...verb], { env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('resnet50');
  });

  it('ends with the exit code of the command line', () => {
    const ended = spawnSync(process.execPath, [LAUNCHER, 'tarin'], { encoding: 'utf8' });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain('train');
    expect(spawnSync(process.execPath, [LAUNCHER, '--version'], { encoding: 'utf8' }).status).toBe(0);
  });
});
