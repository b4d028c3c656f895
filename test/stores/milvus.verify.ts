import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { behaves } from './behaviour.js';
import { freePort } from './cluster.js';
import { type PythonServer, startPython } from './python-server.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

type Open = typeof import('../../src/stores/open.js').openStore;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let server: PythonServer;
let port: number;
let copy: string;
let openStore: Open;
let number = 0;

/** A copy of ft's source, and the client installed in its folder as docs/stores.md says: this clone's own packages stay as they are. */
function withClient(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ft-milvus-'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const install = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '@zilliz/milvus2-sdk-node'];
  execFileSync('npm', install, { cwd: folder, stdio: 'pipe' });
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true });
  const packages = (of: string): string[] =>
    readdirSync(join(ROOT, 'node_modules', of)).flatMap((name) =>
      name.startsWith('@') ? packages(name) : name.startsWith('.') ? [] : [join(of, name)],
    );
  for (const name of packages('')) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(join(link, '..'), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(ROOT, 'node_modules', name), link);
  }
  return folder;
}

beforeAll(async () => {
  copy = withClient();
  // Under 'test' the client prints every call.
  vi.stubEnv('NODE_ENV', 'production');
  ({ openStore } = (await import(join(copy, 'src/stores/open.ts'))) as { openStore: Open });
  port = await freePort();
  server = await startPython('milvus_server.py', String(port));
});
afterAll(async () => {
  await server?.stop();
  rmSync(copy, { recursive: true, force: true });
});

const open = (dimensions = DIMENSIONS, model = MODEL) =>
  openStore(`milvus://127.0.0.1:${port}/gallery_${number}`, { dimensions, model });
const fresh = () => {
  number++;
  return open();
};

behaves('the store in Milvus (a real server, its official client)', { fresh, reopen: open });

describe('a store in a real Milvus', () => {
  it('refuses other vectors, and a collection that is not ft’s', async () => {
    const store = await fresh();
    await store.add([row(1)]);
    await store.close();
    await expect(open(20)).rejects.toThrow('the store holds vectors of another length');
    await expect(open(DIMENSIONS, 'other')).rejects.toThrow(/another model's vectors[\s\S]*those of sha256:0123/);
  });
});
