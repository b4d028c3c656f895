import type { Fault } from '../errors.js';
import type { Failure } from './client.js';

/** A failure as a heading, and what is known about it, line by line. */
export interface FailureWords {
  readonly heading: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
}

export function failureInWords(failure: Failure): FailureWords {
  switch (failure.kind) {
    case 'away':
      return { heading: 'The server does not answer.', facts: [['Do this', 'Wait: it is tried again as soon as it is back.']] };
    case 'token':
      return { heading: 'The server wants its token.', facts: [] };
    case 'refused':
      return { heading: sentence(failure.fault.what), facts: factsOf(failure.fault) };
  }
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
