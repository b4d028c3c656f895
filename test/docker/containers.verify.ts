/**
 * Dockerfile and compose.yaml where there is no engine: looked over by hadolint and against the Compose specification's schema, and the
 * Dockerfile's own steps done in a clean directory, with nothing but what it copies there.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pythonOf } from '../verify/python.js';
import { instructionsOf, stagesOf } from './dockerfile.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const stages = stagesOf(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'));

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

describe('Dockerfile and compose.yaml', () => {
  it('say nothing that hadolint or the Compose specification forbids', () => {
    const python = pythonOf('docker');
    expect(run(join(dirname(python), 'hadolint'), 'Dockerfile')).toBe('');
    // As a module: a script of pip's names the folder in which the environment was made.
    expect(run(python, '-m', 'check_jsonschema', '--builtin-schema', 'vendor.compose-spec', 'compose.yaml')).toContain('ok');
  });

  it('name the same targets and port', () => {
    const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8'), { merge: true }) as {
      services: Record<string, { build?: { target: string }; command?: string[]; ports?: string[] }>;
    };
    const names = stages.map(({ name }) => name);
    const ours = Object.values(services).filter(({ build }) => build !== undefined);
    expect(ours).toHaveLength(2);
    for (const { build, command, ports } of ours) {
      expect(names).toContain(build?.target);
      expect(command?.[0]).toBe('serve');
      expect(ports).toEqual(['127.0.0.1:8501:8501']);
    }
    expect(instructionsOf(stages, 'runtime')).toContainEqual({ name: 'EXPOSE', words: '8501' });
  });
});

describe("the image's steps, in a clean directory", () => {
  const clean = mkdtempSync(join(tmpdir(), 'ft-image-'));
  const [work, home] = [join(clean, 'ft'), join(clean, 'home')];
  const env = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(clean, 'cache') };
  afterAll(() => rmSync(clean, { recursive: true, force: true }));

  beforeAll(() => {
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const isIgnored = picomatch(ignored, { dot: true });
    const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
    const copied = tracked.filter((file) => !isIgnored(file) && !isIgnored(file.split('/')[0] as string));
    mkdirSync(work);
    mkdirSync(home);
    for (const { name, words } of instructionsOf(stages, 'set-up-cpu')) {
      if (name === 'COPY') {
        const from = words.split(' ').slice(0, -1);
        for (const file of from.includes('.') ? copied : from) {
          expect(existsSync(join(ROOT, file)), file).toBe(true);
          mkdirSync(dirname(join(work, file)), { recursive: true });
          cpSync(join(ROOT, file), join(work, file));
        }
      }
      // The system's packages are there.
      if (name === 'RUN' && !words.startsWith('apt-get')) execFileSync('sh', ['-c', words], { cwd: work, env, stdio: 'pipe' });
    }
  });

  it('leave an ft that is ready to work', () => {
    const doctor = JSON.parse(
      execFileSync(process.execPath, ['src/cli/ft.mjs', 'doctor', '--json'], { cwd: work, env, encoding: 'utf8' }),
    );
    expect(doctor.tensorflow.state).toBe('ready');
    expect(existsSync(join(work, 'test'))).toBe(false);
    expect(existsSync(join(work, 'node_modules/vitest'))).toBe(false);
  });

  it('and one whose entrypoint takes a verb', async () => {
    const [entry] = instructionsOf(stages, 'cpu').filter(({ name }) => name === 'ENTRYPOINT');
    const [command = '', script = ''] = JSON.parse(entry?.words ?? '[]') as string[];
    expect([command, script]).toEqual(['node', '/ft/src/cli/ft.mjs']);
    const child = spawn(command, [join(clean, script), 'plan', 'smoke'], {
      cwd: home,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    const [code] = await once(child, 'close');
    expect([code, text]).toEqual([0, expect.stringContaining('conv1')]);
  });
});
