import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { readPytorch, stateDict } from '../../src/weights/pytorch/file.js';
import { PickledTuple, type PickleValue } from '../../src/weights/pytorch/pickle-values.js';
import { type PytorchTensor, permuted, tensorValues } from '../../src/weights/pytorch/tensor.js';
import { type Described, matchesGolden } from './pytorch-golden.js';

const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));
const golden = JSON.parse(readFileSync(`${GOLDEN}pytorch-pickle.json`, 'utf8')) as { cases: Record<string, Described> };
const file = (name: string): Buffer => readFileSync(`${GOLDEN}pytorch-pickle/${name}.pth`);

describe('a file that torch.save wrote', () => {
  it.each(Object.keys(golden.cases).flatMap((name) => ['legacy', 'zip'].map((form) => [name, form])))(
    '%s, in the %s format, holds what PyTorch says, value by value',
    async (name, form) => {
      const value = await readPytorch(file(`${name}.${form}`), `${name}.${form}.pth`);
      expect(matchesGolden(value, golden.cases[name] as Described)).toBe(true);
    },
  );

  it.each([3, 4, 5])('in pickle protocol %i gives the same', async (protocol) => {
    const value = await readPytorch(file(`views.protocol${protocol}`), 'views.pth');
    expect(matchesGolden(value, golden.cases.views as Described)).toBe(true);
  });

  it('keeps views views: tensors that share a storage share its bytes, and nothing is copied before it is asked for', async () => {
    const tensors = stateDict(await readPytorch(file('views.legacy'), 'views.pth'), 'views.pth');
    const [whole, transposed, expanded] = ['whole', 'transposed', 'expanded'].map((name) => tensors.get(name) as PytorchTensor);
    expect(transposed?.storage).toBe(whole?.storage);
    expect(transposed?.strides).toEqual([1, 6]);
    expect(expanded?.strides).toEqual([1, 0]);
    expect([...tensorValues(expanded as PytorchTensor)]).toEqual([0.75, 0.75, 0.75, 0.75, 1, 1, 1, 1]);
  });

  it('is turned round by a view', async () => {
    const tensors = stateDict(await readPytorch(file('views.zip'), 'views.pth'), 'views.pth');
    const kernel = tensors.get('kernel') as PytorchTensor;
    expect(kernel.shape).toEqual([3, 2, 3, 3]);
    // It was made by permuting 0 … 53 in the order that ft has: turned back, it counts.
    const turned = permuted(kernel, [2, 3, 1, 0]);
    expect(turned.shape).toEqual([3, 3, 2, 3]);
    expect([...tensorValues(turned)]).toEqual(Array.from({ length: 54 }, (_, at) => at));
  });
});

describe('a state dict', () => {
  it('is found inside a checkpoint', async () => {
    const root = await readPytorch(file('checkpoint.zip'), 'checkpoint.pth');
    const tensors = stateDict(root, 'checkpoint.pth');
    expect([...tensors.keys()].slice(0, 2)).toEqual(['conv.weight', 'norm.weight']);
    expect(tensors.get('norm.num_batches_tracked')?.dtype).toBe('int64');
  });

  const tensor = async (): Promise<PickleValue> =>
    stateDict(await readPytorch(file('parameters.zip'), 'p'), 'p').get('a') as PytorchTensor;

  it('is asked for by its key where there are several', async () => {
    const root = new Map<string, PickleValue>([
      ['model', new Map([['a', await tensor()]])],
      ['ema', new Map([['b', await tensor()]])],
    ]);
    expect(() => stateDict(root, 'x.pth')).toThrow(
      "x.pth: the file holds several state dicts\n  expected: a dict of tensors, or one entry that is such a dict\n  found:    'model', 'ema'",
    );
    expect([...stateDict(root, 'x.pth', 'ema').keys()]).toEqual(['b']);
    expect(() => stateDict(root, 'x.pth', 'emma')).toThrow(
      "x.pth: unknown state dict 'emma'\n  expected: model, ema\n  do this:  did you mean 'ema'?",
    );
  });

  it('is missed where there is none, and the entries that are there are named', () => {
    expect(() => stateDict(new Map([['epoch', 3]]), 'x.pth')).toThrow(
      "x.pth: the file holds no state dict\n  expected: a dict of tensors, or one entry that is such a dict\n  found:    'epoch'",
    );
    expect(() => stateDict(new PickledTuple([]), 'x.pth')).toThrow(UserError);
  });
});
