import type { Fault } from '../errors.js';
import type { Failure } from './client.js';

/** What the server refused, as a heading, and what is known about it, line by line. */
export interface FailureWords {
  readonly heading: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
}

export function failureInWords({ fault }: Extract<Failure, { kind: 'refused' }>): FailureWords {
  return { heading: sentence(fault.what), facts: factsOf(fault) };
}

function factsOf({ where, expected, found, mend }: Fault): FailureWords['facts'] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Where', where],
    ['Expected', expected],
    ['Found', found],
    ['Do this', mend],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
}

/** Faults begin in lower case and end without a full stop, for the terminal. */
function sentence(text: string): string {
  const whole = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
