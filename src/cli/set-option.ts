import { Option } from 'commander';

/** `--set key=value`, as often as one likes. Apart from the verbs, so that one that needs no TensorFlow does not load it with another. */
export function setOption(): Option {
  return new Option('--set <key=value>', 'set a key of the recipe, e.g. triplet.rate=3e-3 (again for more)')
    .default([], 'none')
    .argParser((value: string, before: string[]) => [...before, value]);
}
