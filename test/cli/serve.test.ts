import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Searched, Verified } from '../../src/serve/api.js';
import { putTree } from '../data/images.js';
import { setting, sharedFolder, TINY } from '../run/runs.js';
import { ft } from './terminal.js';

const FT = fileURLToPath(new URL('../../src/cli/ft.mjs', import.meta.url));
const folder = sharedFolder();
const photo = (file: string) => new Blob([Uint8Array.from(readFileSync(join(folder, 'photos', file)))]);
const children: ChildProcess[] = [];

/** A server in a process of its own, as a person starts it; resolves once it listens. */
async function started(...argv: string[]) {
  const child = spawn(process.execPath, [FT, 'serve', ...argv, '--port', '0', '--json'], { cwd: folder });
  children.push(child);
  let err = '';
  child.stderr.on('data', (part) => (err += part));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code)),
  );
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (part) => resolve(String(part)));
    child.once('exit', () => reject(new Error(err)));
  });
  const { url } = JSON.parse(line) as { url: string };
  const post = async <T>(path: string, ...fields: (readonly [string, Blob])[]) => {
    const body = new FormData();
    for (const [name, blob] of fields) body.append(name, blob, 'x.png');
    const answer = await fetch(`${url}${path}`, { method: 'POST', body });
    return (await answer.json()) as T;
  };
  return { child, url, post, exited, err: () => err };
}

let run: Awaited<ReturnType<typeof started>>;
beforeAll(async () => {
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY)], { folder });
  if (code !== 0) throw new Error(err);
  await putTree(join(folder, 'photos'), ['ant', 'bee', 'cow'], 3);
  run = await started('--gallery', 'photos', '--batch', '4', '--store', 'rows');
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

describe('ft serve', () => {
  it('answers as ft search, ft verify and ft embed do, alone and many at a time', async () => {
    const { post, url } = run;
    const files = ['ant/0.png', 'bee/1.png', 'cow/2.png'];
    const asked = [
      'search',
      ...files.map((file) => `photos/${file}`),
      '--in',
      'photos',
      '--top',
      '9',
      '--far',
      '0.2',
      '--self',
      '--json',
    ];
    const expected = JSON.parse((await ft(asked, { folder })).out);
    const check = (found: Searched, at: number) => {
      expect(found.threshold?.threshold).toBe(expected.threshold.threshold);
      expect([found.threshold?.low, found.threshold?.high]).toEqual(Object.values(expected.threshold.interval.threshold));
      const answers = expected.queries[at].answers as { file: string; class: string; similarity: number; verdict: string }[];
      expect(found.queries[0]?.answers).toHaveLength(9);
      for (const answer of found.queries[0]?.answers ?? []) {
        const own = answers.find(({ file }) => file === answer.file);
        expect(answer.similarity).toBeCloseTo(own?.similarity ?? Number.NaN, 5);
        expect([answer.class, answer.verdict]).toEqual([own?.class, own?.verdict]);
      }
      const similarities = found.queries[0]?.answers.map(({ similarity }) => similarity) ?? [];
      expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
    };
    const search = (at: number) => post<Searched>('/search?top=9&far=0.2', ['image', photo(files[at % 3] as string)]);
    check(await search(0), 0);
    const many = await Promise.all(Array.from({ length: 23 }, (_, at) => search(at)));
    many.forEach((found, at) => check(found, at % 3));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(Number(/ft_batch_images_count (\d+)/.exec(metrics)?.[1])).toBeLessThan(24);
    const verified = await post<Verified>('/verify?far=0.2', ['a', photo('ant/0.png')], ['b', photo('cow/0.png')]);
    const pair = JSON.parse(
      (await ft(['verify', 'photos/ant/0.png', 'photos/cow/0.png', '--far', '0.2', '--json'], { folder })).out,
    );
    expect(verified.similarity).toBeCloseTo(pair.similarity, 5);
    expect([verified.same, verified.verdict, verified.threshold.far]).toEqual([pair.same, pair.verdict, pair.threshold.far]);
  });

  it('serves an export as it serves its run', async () => {
    const exported = await started('runs/latest/export/savedmodel/saved_model.pb', '--name', 'mine', '--store', 'memory:');
    const of = async ({ post }: typeof run) =>
      (await post<{ embeddings: number[][] }>('/embed', ['image', photo('bee/0.png')])).embeddings[0] as number[];
    const [a, b] = [await of(run), await of(exported)];
    expect(a.reduce((sum, value, at) => sum + value * (b[at] as number), 0)).toBeGreaterThan(0.9999);
    expect((await fetch(`${exported.url}/v1/models/mine`)).status).toBe(200);
    exported.child.kill('SIGINT');
    expect(await exported.exited).toBe(0);
  });

  it('ends when it is asked to, and answers first what was asked before', async () => {
    const { post, url, child, exited } = run;
    // Sent before the signal, answered after it.
    const last = post<Searched>(
      '/search?top=9&far=0.2',
      ...Array.from({ length: 30 }, () => ['image', photo('ant/0.png')] as const),
    );
    await expect
      .poll(async () => await (await fetch(`${url}/metrics`)).text())
      .toMatch(/ft_images_inside [1-9]|route="\/search",status="200"} 2[5-9]/);
    child.kill('SIGTERM');
    expect((await last).queries).toHaveLength(30);
    expect(await exited).toBe(0);
  });

  it('refuses what cannot be served, all with exit code 2', async () => {
    const serve = (...argv: string[]) => ft(['serve', ...argv], { folder });
    const open = await serve('--host', '0.0.0.0');
    expect([open.code, open.err]).toEqual([2, expect.stringContaining('--host 0.0.0.0: others than this machine could reach')]);
    expect((await serve('--port', '70000')).code).toBe(2);
    expect((await serve('--token', 'short')).code).toBe(2);
    expect((await serve('--name', 'a/b')).code).toBe(2);
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const busy = await serve('--port', String(port));
    taken.close();
    expect([busy.code, busy.err]).toEqual([2, expect.stringContaining(`port ${port} is taken`)]);
  });
});
