import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { filesOf, putBack, reasonForOwnProcess } from '../isolation.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('files of tests', () => {
  it('all belong to one of the two kinds, each once', () => {
    const { alone, shared } = filesOf('test');
    const all = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
    expect([...alone, ...shared].sort()).toEqual(all.map((file) => `test/${file}`).sort());
    expect(shared.length).toBeGreaterThan(5 * alone.length);
    expect([...alone, ...shared].filter((file) => !existsSync(root + file))).toEqual([]);
  });

  it('share no process where they mock a module, in whatever way', () => {
    const { shared } = filesOf('test');
    // Written otherwise than the rule itself.
    const mocking = shared.filter((file) =>
      /\bvi\s*\.\s*(mock|doMock|hoisted|unmock|stubGlobal)\b/.test(readFileSync(root + file, 'utf8')),
    );
    expect(mocking).toEqual([]);
  });

  it.each([
    ["vi.mock('../src/a.js')", 'mocked module'],
    ["  vi.stubGlobal('fetch', null);", 'mocked module'],
    ['divideProcessor(3);', 'as many devices'],
    ['const before = process.memoryUsage().rss;', 'lies in memory'],
    ['// In a process of its own: it counts what the process holds.', 'says so itself'],
  ])('have a process of their own for %s', (source, why) => {
    expect(reasonForOwnProcess(`import x from 'y';\n${source}\n`)).toContain(why);
  });

  it.each(["vi.spyOn(console, 'warn')", 'remove.mocked(x)', '// says nothing of a process of its own'])(
    'share one for %s',
    (source) => {
      expect(reasonForOwnProcess(`${source}\n`)).toBeNull();
    },
  );

  it('have a process of their own in the longer suites', () => {
    const { alone, shared } = filesOf('faults');
    expect([alone.length > 0, shared]).toEqual([true, []]);
  });

  it('find the environment of a shared process as the file before found it', () => {
    const env: NodeJS.ProcessEnv = { kept: '1', changed: '3', added: 'x' };
    putBack(env, { kept: '1', changed: '2', gone: '4' });
    expect(env).toEqual({ kept: '1', changed: '2', gone: '4' });
  });
});
