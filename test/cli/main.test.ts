import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { type Verb, verbs } from '../../src/cli/verbs.js';
import { Interrupted, UserError } from '../../src/errors.js';
import { graphsFolder } from '../../src/runtime/trace/inspection.js';
import { ft } from './terminal.js';

const verb = (name: string, action: () => unknown): Verb => ({
  name,
  summary: `does ${name}`,
  load: async () => new Command().action(async () => void (await action())),
});
const failing = [
  verb('fine', () => undefined),
  verb('mendable', () => {
    throw new UserError({ what: 'the folder is empty', where: 'photos', mend: 'put some in' });
  }),
  verb('twice', () => {
    throw new UserError({ what: 'one' }, { what: 'two' });
  }),
  verb('ours', () => {
    throw new TypeError('x is not a function\nmore of it');
  }),
  verb('stopped', () => {
    throw new Interrupted('stopped after step 12; go on with: ft train --resume RUN');
  }),
  verb('missing', () => {
    process.exitCode = 2;
  }),
];

describe('the exit code', () => {
  it('is 0 where all went well, and for help and the version', async () => {
    expect(await ft(['fine'], { verbs: failing })).toEqual({ code: 0, out: '', err: '' });
    expect((await ft(['--help'])).code).toBe(0);
    expect((await ft([])).out).toContain('Usage: ft VERB');
    expect((await ft(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('is 2 for what a person can mend: the fault, and no stack', async () => {
    expect(await ft(['mendable'], { verbs: failing })).toEqual({
      code: 2,
      out: '',
      err: 'photos: the folder is empty\n  do this:  put some in\n',
    });
    expect((await ft(['twice'], { verbs: failing })).err).toBe('one\ntwo\n2 faults\n');
  });

  it('is 1 for a fault of ours: one line, and the stack with --debug alone', async () => {
    expect(await ft(['ours'], { verbs: failing })).toEqual({
      code: 1,
      out: '',
      err: 'TypeError: x is not a function\nthis is a fault of ft; run again with --debug\n',
    });
    const { code, err } = await ft(['ours', '--debug'], { verbs: failing });
    expect(code).toBe(1);
    expect(err).toMatch(/^TypeError: x is not a function\nmore of it\n {4}at .*main\.test\.ts/);
  });

  it('comes with the folder of traced graphs under --debug, where there are some, and leaves no setting behind', async () => {
    const tracing = [
      verb('traces', () => mkdirSync(graphsFolder() as string)),
      verb('none', () => expect(graphsFolder()).toContain('ft-graphs-')),
    ];
    expect(await ft(['none', '--debug'], { verbs: tracing })).toEqual({ code: 0, out: '', err: '' });
    const { err } = await ft(['traces', '--debug'], { verbs: tracing });
    expect(err).toMatch(/^traced graphs: \S*ft-graphs-\d+\n$/);
    rmSync(err.trim().replace('traced graphs: ', ''), { recursive: true });
    expect(graphsFolder()).toBeUndefined();
  });

  it('is 2 for what the system refuses: the file, and what to do', async () => {
    const refusing = (error: object) => [
      verb('full', () => Promise.reject(Object.assign(new Error('EXYZ: words of the system'), error))),
    ];
    expect(await ft(['full'], { verbs: refusing({ code: 'ENOSPC' }) })).toEqual({
      code: 2,
      out: '',
      err: 'the disk is full\n  do this:  make room; `ft train --resume RUN` goes on with a run that was stopped by it\n',
    });
    expect((await ft(['full'], { verbs: refusing({ code: 'EISDIR', path: 'a.part', dest: 'a' }) })).err).toContain(
      'a: this is a folder, where a file was expected\n',
    );
    expect((await ft(['full'], { verbs: refusing({ code: 'EXYZ' }) })).code).toBe(1);
  });

  it('is 130 after Ctrl-C', async () => {
    expect(await ft(['stopped'], { verbs: failing })).toEqual({
      code: 130,
      out: '',
      err: 'stopped after step 12; go on with: ft train --resume RUN\n',
    });
  });

  it('is what a verb has set, and leaves the process as it was', async () => {
    const before = process.exitCode;
    expect((await ft(['missing'], { verbs: failing })).code).toBe(2);
    expect(process.exitCode).toBe(before);
  });
});

describe('a misspelling', () => {
  it('of a verb is answered with the nearest one', async () => {
    expect(await ft(['frezee'])).toMatchObject({ code: 2, err: "error: unknown command 'frezee'\n(Did you mean freeze?)\n" });
    expect(await ft(['recipes', 'shwo'])).toMatchObject({
      code: 2,
      err: "error: unknown command 'shwo'\n(Did you mean show?)\n",
    });
  });

  it('of an option is answered with the nearest one', async () => {
    expect(await ft(['freeze', '--untill', 'conv3'])).toMatchObject({
      code: 2,
      err: "error: unknown option '--untill'\n(Did you mean --until?)\n",
    });
  });

  it('of a recipe is answered with the nearest one', async () => {
    const { code, err } = await ft(['plan', 'smok']);
    expect(code).toBe(2);
    expect(err).toContain("unknown recipe 'smok'");
    expect(err).toContain("did you mean 'smoke'?");
  });
});

describe('the help', () => {
  it('of ft names every verb and shows examples', async () => {
    const { out } = await ft(['--help']);
    for (const { name, summary } of verbs) expect(out).toMatch(new RegExp(`^ +${name} +${summary.slice(0, 30)}`, 'm'));
    expect(out).toContain('Examples:\n  ft train resnet-semihard');
  });

  for (const { name } of verbs) {
    const there = existsSync(fileURLToPath(new URL(`../../src/cli/${name}.ts`, import.meta.url)));
    it.skipIf(!there)(`of ft ${name} shows a worked example`, async () => {
      const { code, out } = await ft([name, '--help']);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`Examples?:\\n +(\\S+ )*ft ${name}`));
      expect((await ft(['help', name])).out).toBe(out);
    });
  }
});
