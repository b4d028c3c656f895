// A set-up in a process of its own: `setup-process.ts FOLDER LOG [STEP]`. It says `hanging` and waits for ever in STEP; without
// one each step takes 200 ms.
import { silent } from '../../../src/progress.js';
import { ensureNative } from '../../../src/runtime/native/install.js';
import { fakeSteps } from './fake-steps.js';

const [folder = '', log = '', hangs] = process.argv.slice(2);

const steps = fakeSteps(folder, log, async (step) => {
  if (step === hangs) {
    process.stdout.write('hanging');
    await new Promise(() => setInterval(() => {}, 1000));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
});
await ensureNative({ ...silent, line: (text) => process.stdout.write(`${text}\n`) }, steps);
