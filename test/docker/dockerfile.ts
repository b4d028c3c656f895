/** A Dockerfile's stages and their instructions, as far as ours goes: no heredocs, no escapes but a line's end. */
export interface Instruction {
  readonly name: string;
  readonly words: string;
}
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

export function stagesOf(text: string): Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, name = '', words = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    const [, from, as] = /^(\S+) AS (\S+)$/.exec(words) ?? [];
    if (name === 'FROM' && from !== undefined && as !== undefined) stages.push({ name: as, from, instructions: [] });
    else stages.at(-1)?.instructions.push({ name, words });
  }
  return stages;
}

/** A stage's instructions behind those of the stages that it stands on. */
export function instructionsOf(stages: readonly Stage[], name: string): Instruction[] {
  const stage = stages.find((one) => one.name === name);
  return stage === undefined ? [] : [...instructionsOf(stages, stage.from), ...stage.instructions];
}
