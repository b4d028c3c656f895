import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SetupSteps } from '../../../src/runtime/native/install.js';
import { fakePlatform, WHEEL } from './fake-wheel.js';

export type Step = 'download' | 'compile' | 'addons' | 'check';

/** Steps that take a moment, note in `log` that they ran, and call `at` in the middle of their work. */
export function fakeSteps(folder: string, log: string, at: (step: Step) => Promise<void> | void = () => {}): SetupSteps {
  const enter = async (step: Step) => {
    appendFileSync(log, `${step}\n`);
    await at(step);
  };
  return {
    platform: fakePlatform(),
    folder,
    async download(platform, temporary) {
      writeFileSync(join(temporary, 'half'), 'half');
      await enter('download');
      const path = join(temporary, platform.wheel);
      writeFileSync(path, WHEEL);
      return path;
    },
    async compile(_platform, temporary, headers) {
      await enter('compile');
      if (!existsSync(join(headers, 'tensorflow/c/c_api.h'))) throw new Error('no header files');
      writeFileSync(join(temporary, 'tfjs_binding.node'), 'the binding');
      writeFileSync(join(temporary, 'preload.node'), 'the small addon');
    },
    async compileAddons(_platform, temporary) {
      await enter('addons');
      writeFileSync(join(temporary, 'preload.node'), 'the small addon, of another source');
    },
    async check() {
      await enter('check');
      return '2.21.0';
    },
    lockStale: 2000,
  };
}

export function stepsOf(log: string): string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
}
