import type { Failure } from '../client.js';
import { failureInWords } from '../failure.js';

/** What went wrong, where, what was expected and found, and what to do. */
export function FailureNotice({ failure, again }: { failure: Failure; again?: () => void }) {
  const { heading, facts } = failureInWords(failure);
  return (
    <div class="notice failure" role="alert">
      <p>
        <strong>{heading}</strong>
      </p>
      {facts.length > 0 && (
        <dl>
          {facts.map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      {again !== undefined && failure.kind !== 'token' && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
