import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { NamedTensor, NamedTensors } from './named-tensor.js';
import { readPytorch, stateDict } from './pytorch/file.js';
import { tensorValues } from './pytorch/tensor.js';

/** The tensors of a file of weights, whatever its format, by the names that it has for them. */
export async function openTensors(path: string): Promise<NamedTensors> {
  const where = basename(path);
  const tensors = stateDict(await readPytorch(await readFile(path), where), where);
  return new Map(
    [...tensors].map(([name, tensor]): [string, NamedTensor] => [
      name,
      { shape: tensor.shape, values: () => tensorValues(tensor) },
    ]),
  );
}
