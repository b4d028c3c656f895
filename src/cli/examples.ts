import type { Command } from 'commander';

/** Adds worked examples below a command's help: what to type, and what it does. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, meaning: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, meaning]) =>
    width <= 52 ? `  ${line.padEnd(width)}  ${meaning}` : `  ${line}\n      ${meaning}`,
  );
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
