import type { Failure } from '../client.js';
import { failureInWords } from '../failure.js';

interface Properties {
  readonly failure: Failure;
  /** Where a person may ask once more. */
  readonly again?: () => void;
  /** Whether it is asked again by itself when the server is back. */
  readonly waits?: boolean;
}

/** What went wrong, where, what was expected and found, and what to do. That the server is away is said by the banner for all. */
export function FailureNotice({ failure, again, waits = true }: Properties) {
  if (failure.kind !== 'refused')
    return (
      <p class="quiet">
        {waits
          ? 'Not answered yet: it is asked again as soon as the server is back.'
          : 'Not done: try again when the server is back.'}
      </p>
    );
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
      {again !== undefined && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What keeps the whole page from its server. */
export function Banner({ failure, again }: { failure: Failure; again: () => void }) {
  if (failure.kind === 'token') return null;
  return (
    <div class="banner">
      {failure.kind === 'refused' ? (
        <FailureNotice failure={failure} again={again} />
      ) : (
        <div class="notice row" role="alert">
          <p>
            <strong>The server does not answer.</strong> It is asked again every few seconds.
          </p>
          <button type="button" class="button" onClick={again}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}
