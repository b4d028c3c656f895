import { closest, distance } from 'fastest-levenshtein';

/** What a person can mend: where it is, what was expected, what was found, what to do next. Leads to exit code 2. */
export interface Fault {
  /** One sentence that says what is wrong. */
  what: string;
  /** File, file:line:column, option or key. */
  where?: string;
  expected?: string;
  found?: string;
  /** The next thing to do: a command, or the nearest right name. */
  mend?: string;
}

/** Thrown for everything that the person at the keyboard can mend. It never carries a stack to the terminal. */
export class UserError extends Error {
  readonly faults: readonly Fault[];

  constructor(...faults: [Fault, ...Fault[]]) {
    super(faults.map(describeFault).join('\n'));
    this.name = 'UserError';
    this.faults = faults;
  }
}

/** Thrown when the person pressed Ctrl-C and the work has been put in order. Leads to exit code 130. */
export class Interrupted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** A fault as the terminal shows it: a first line, then one indented line for each thing that is known. */
export function describeFault(fault: Fault): string {
  const lines = [fault.where === undefined ? fault.what : `${fault.where}: ${fault.what}`];
  if (fault.expected !== undefined) lines.push(`  expected: ${fault.expected}`);
  if (fault.found !== undefined) lines.push(`  found:    ${fault.found}`);
  if (fault.mend !== undefined) lines.push(`  do this:  ${fault.mend}`);
  return lines.join('\n');
}

/** The choice that a misspelt name most likely meant, or undefined when none is near (more than 40 % of its letters differ). */
export function nearestName(name: string, choices: readonly string[]): string | undefined {
  if (choices.length === 0) return undefined;
  // What a name begins is nearer than what merely has as many letters in common.
  const begun = choices.filter((choice) => name.length >= 3 && choice.toLowerCase().startsWith(name.toLowerCase()));
  if (begun.length > 0) return begun.reduce((shortest, choice) => (choice.length < shortest.length ? choice : shortest));
  const best = closest(name.toLowerCase(), choices as string[]);
  return distance(name.toLowerCase(), best.toLowerCase()) <= Math.max(1, 0.4 * Math.max(name.length, best.length))
    ? best
    : undefined;
}

/** Looks a name from a person up in a map; a miss lists the choices and the nearest one. */
export function choose<T>(choices: ReadonlyMap<string, T>, name: string, what: string, where?: string): T {
  const value = choices.get(name);
  if (value === undefined) throw new UserError(unknownName(name, [...choices.keys()], what, where));
  return value;
}

/** Choices that are listed whole; of more, the nearest. */
const LISTED = 40;
const NEAREST = 12;

function listed(name: string, choices: readonly string[]): string {
  if (choices.length <= LISTED) return choices.join(', ');
  const near = [...choices].sort((a, b) => distance(name, a) - distance(name, b)).slice(0, NEAREST);
  return `one of ${choices.length}, such as ${near.join(', ')}`;
}

/** The fault for a name that is none of the choices. */
export function unknownName(name: string, choices: readonly string[], what: string, where?: string): Fault {
  const near = nearestName(name, choices);
  return {
    what: `unknown ${what} '${name}'`,
    expected: choices.length > 0 ? listed(name, choices) : `there is no ${what} here at all`,
    ...(where === undefined ? {} : { where }),
    ...(near === undefined ? {} : { mend: `did you mean '${near}'?` }),
  };
}
