import type { Inputs } from './feeds.js';
import type { Program, ProgramFunction } from './functions.js';
import type { Values } from './session.js';

/** Runs a function once for each of `inputs`, a call each, handing on what is carried. */
export function eachInTurn(
  program: Pick<Program, 'run'>,
  carried: ProgramFunction['carried'],
  name: string,
  inputs: readonly Inputs[],
): Record<string, Values>[] {
  const all: Record<string, Values>[] = [];
  for (const fresh of inputs) {
    const before = all.at(-1);
    const handed = Object.entries(before === undefined ? {} : (carried ?? {})).map(([input, output]) => [
      input,
      before?.[output],
    ]);
    all.push(program.run(name, { ...fresh, ...Object.fromEntries(handed) }));
  }
  return all;
}
