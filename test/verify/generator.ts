import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PythonKind, runPython } from './python.js';

/** Where the goldens and their generators lie. */
export const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));

/**
 * Runs a golden's generator (`backbones` for backbones.py) on a copy in a folder of its own, for generators write beside themselves or to stdout,
 * and gives what `read` makes of that folder and of what was printed. The folder is gone afterwards.
 */
export function regenerate<T>(
  name: string,
  run: { kind: PythonKind; args?: readonly string[]; env?: NodeJS.ProcessEnv },
  read: (folder: string, printed: string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'ft-golden-'));
  try {
    const own = join(folder, 'golden');
    mkdirSync(join(own, 'backbones'), { recursive: true });
    // They import the formula of the benchmark, and one of them runs a script of it.
    symlinkSync(join(GOLDEN, '../bench'), join(folder, 'bench'));
    copyFileSync(join(GOLDEN, `${name}.py`), join(own, `${name}.py`));
    const printed = runPython(run.kind, [`${name}.py`, ...(run.args ?? [])], { cwd: own, ...(run.env && { env: run.env }) });
    return read(own, printed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
