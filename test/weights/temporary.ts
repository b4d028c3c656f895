import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Progress } from '../../src/progress.js';

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ft-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Progress that keeps its lines. */
export function recorded(): Progress & { lines: string[] } {
  const lines: string[] = [];
  return { lines, bar: () => ({ advance() {}, done() {} }), line: (text) => void lines.push(text) };
}
