import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GRAPHS_FOLDER } from '../../src/runtime/trace/inspection.js';

export interface NodeWritten {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
}

/** The nodes of the graphs that are made while `body` runs, as `--debug` writes them down: all passes done. */
export function nodesWritten(body: () => void): NodeWritten[] {
  const folder = mkdtempSync(join(tmpdir(), 'ft-nodes-test-'));
  process.env[GRAPHS_FOLDER] = folder;
  try {
    body();
    const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    return files.flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .trimEnd()
        .split('\n')
        .map((row) => {
          const [op, name, ...rest] = row.split(/\s{2,}/) as [string, string, ...string[]];
          return { op, name, inputs: (rest.find((cell) => !cell.startsWith('[')) ?? '').split(' ') };
        }),
    );
  } finally {
    delete process.env[GRAPHS_FOLDER];
    rmSync(folder, { recursive: true });
  }
}
