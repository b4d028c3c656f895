import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiError, Enrolled, Searched, Verified } from '../../src/serve/api.js';
import { plain, putTree } from '../data/images.js';
import { setting, sharedFolder, TINY } from '../run/runs.js';
import { startServing } from './serving.js';
import { ft } from './terminal.js';

const folder = sharedFolder();
const photo = (file: string) => new Blob([Uint8Array.from(readFileSync(join(folder, 'photos', file)))]);
/** A picture of one colour. */
const coloured = async (r: number, g: number, b: number) =>
  new Blob([Uint8Array.from(await plain(`rgb(${r},${g},${b})`, 24, 16).png().toBuffer())]);
const started = (...argv: string[]) => startServing(folder, argv);

const ARGV = ['--gallery', 'photos', '--batch', '4', '--store', 'rows'];
let run: Awaited<ReturnType<typeof started>>;
beforeAll(async () => {
  const { code, err } = await ft(['train', 'smoke', ...setting(...TINY)], { folder });
  if (code !== 0) throw new Error(err);
  await putTree(join(folder, 'photos'), ['ant', 'bee', 'cow'], 3);
  run = await started(...ARGV);
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

  it('keeps every class that it said it had learned, when its process is killed while it learns more', async () => {
    const learned: string[] = [];
    const enrol = async (name: string, blob: Blob) => {
      const answer = await run.ask(`/enrol?class=${name}`, ['image', blob]);
      if (answer.status === 200) learned.push(((await answer.json()) as Enrolled).class);
    };
    const red = await coloured(250, 10, 20);
    await enrol('red', red);
    const others = Array.from({ length: 40 }, async (_, at) => enrol(`class${at}`, await coloured(at, 255 - at, 99)));
    await expect.poll(() => learned.length, { interval: 1, timeout: 30_000 }).toBeGreaterThan(5);
    run.child.kill('SIGKILL');
    await Promise.allSettled(others);
    expect(await run.exited).toBe('SIGKILL');
    // Else it was killed when nothing was left to do.
    expect(learned.length).toBeLessThan(41);
    run = await started(...ARGV);
    const found = (await (await fetch(`${run.url}/enrol`)).json()) as Enrolled[];
    expect(found.map((one) => one.class)).toEqual(expect.arrayContaining(learned));
    const { queries } = await run.post<Searched>('/search?top=1', ['image', red]);
    expect(queries[0]?.answers[0]).toMatchObject({ class: 'red', similarity: expect.closeTo(1, 4) });
    for (const { picture } of found) expect((await fetch(`${run.url}/${picture}`)).status).toBe(200);
  });

  it('answers all who wait with 503 and ends with exit code 1, where the thread of its model ends', async () => {
    const { NODE_OPTIONS = '' } = process.env;
    const served = await startServing(folder, ['--store', 'memory:', '--batch', '1'], {
      NODE_OPTIONS: `${NODE_OPTIONS} --import ${new URL('thread-killer.mjs', import.meta.url).href}`,
    });
    const image = await coloured(9, 80, 7);
    const thirty = Array.from({ length: 30 }, () => ['image', image] as const);
    const asked = Array.from({ length: 8 }, () => served.ask('/embed', ...thirty));
    const waiting = async () => /ft_images_waiting (\d+)/.exec(await (await fetch(`${served.url}/metrics`)).text())?.[1];
    await expect.poll(async () => Number(await waiting()), { interval: 1, timeout: 30_000 }).toBeGreaterThan(50);
    const began = performance.now();
    served.child.kill('SIGUSR2');
    const answers = await Promise.all(asked);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.filter(({ status }) => status !== 503).map(({ status }) => status)).toEqual(
      Array(8 - refused.length).fill(200),
    );
    for (const answer of refused) {
      expect(((await answer.json()) as ApiError).error).toContain('the model has ended, and the server ends with it');
      expect(answer.headers.get('retry-after')).toBe('10');
    }
    expect(await served.exited).toBe(1);
    // Nobody waited for the time of a request to be over, which is 30 seconds.
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(served.err()).toContain("the model's thread ended");
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
