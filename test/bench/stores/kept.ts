import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What was found out of one candidate at one size. */
export interface Kept<Figures> {
  readonly size: number;
  readonly name: string;
  /** Null where it did not end. */
  readonly figures: Figures | null;
  /** The exact search's answers: what the others at this size are held to. */
  readonly truth?: readonly (readonly number[])[];
}

/** Results of a run, a line for each as it ends: a run that was cut off goes on after its last one. */
export async function keptIn<Figures>(path: string) {
  const text = await readFile(path, 'utf8').catch(() => '');
  // A last line without its end is half a line.
  const lines = text.split('\n').slice(0, -1);
  const all = lines.map((line) => JSON.parse(line) as Kept<Figures>);
  return {
    all: all as readonly Kept<Figures>[],
    of: (size: number, name: string) => all.find((one) => one.size === size && one.name === name),
    async add(one: Kept<Figures>) {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, `${JSON.stringify(one)}\n`);
      all.push(one);
    },
    clear: () => rm(path, { force: true }),
  };
}
