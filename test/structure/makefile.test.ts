import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function make(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('make', args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, MAKEFLAGS: '' },
  });
  return { status, text: stdout + stderr };
}

describe('make', () => {
  it('alone lists every target with what it is for', () => {
    const { status, text } = make();
    expect(status).toBe(0);
    const targets = [...readFileSync(`${ROOT}Makefile`, 'utf8').matchAll(/^\.PHONY: (.*)$/gm)].flatMap((match) =>
      match[1]?.split(' '),
    );
    expect(targets).toHaveLength(19);
    for (const target of targets) expect(text).toMatch(new RegExp(`^ {2}make ${target} +\\S`, 'm'));
    expect(make('help').text).toBe(text);
  });

  it('with a recipe sets up first and then trains on the folder, whose name may hold spaces', () => {
    const { status, text } = make('--dry-run', 'recipe=smoke', 'data=my photos');
    expect(status).toBe(0);
    expect(text.indexOf('ft setup')).toBeGreaterThan(-1);
    expect(text.indexOf("ft train 'smoke'")).toBeGreaterThan(text.indexOf('ft setup'));
    expect(text).toContain("data='my photos'");
  });

  it('asks for the recipe when there is none', () => {
    expect(make('--dry-run', 'train').text).toContain('which recipe?');
  });
});
