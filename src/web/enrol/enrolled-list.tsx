import { useEffect, useRef, useState } from 'preact/hooks';
import type { Enrolled } from '../../serve/api.js';
import { useServer } from '../context.js';
import { Picture } from '../images/picture.js';
import { agreementInWords } from './words.js';

interface Properties {
  readonly enrolled: readonly Enrolled[];
  readonly remove: (name: string) => Promise<void>;
}

export function EnrolledList({ enrolled, remove }: Properties) {
  if (enrolled.length === 0) return <p class="quiet">None yet.</p>;
  return (
    <ul class="enrolled">
      {enrolled.map((one) => (
        <EnrolledClass key={one.class} enrolled={one} remove={remove} />
      ))}
    </ul>
  );
}

/** A class, how well its photos agree, and two steps to take it away: the photos are not kept, so there is no way back. */
function EnrolledClass({ enrolled, remove }: { enrolled: Enrolled; remove: Properties['remove'] }) {
  const { point } = useServer();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  const { words, doubtful } = agreementInWords(enrolled, point?.threshold ?? null);
  // The button that had the focus is gone: the one in its place takes it.
  // Each change of `asking`, and nothing else.
  useEffect(() => {
    if (moved.current) first.current?.focus();
  }, [asking]);
  const step = (to: boolean) => {
    moved.current = true;
    setAsking(to);
  };
  const go = async () => {
    setBusy(true);
    await remove(enrolled.class);
    setBusy(false);
    document.getElementById('enrolled')?.focus();
  };
  return (
    <li>
      <Picture address={enrolled.picture} alt={`a photo of ${enrolled.class}`} />
      <div>
        <bdi class="answer-class name">{enrolled.class}</bdi>
        <p class={`small ${doubtful ? 'warn' : 'quiet'}`}>
          {doubtful && <strong>Check the photos. </strong>}
          {words}
        </p>
        <div class="row">
          {asking ? (
            <>
              <span class="small">Remove this class?</span>
              <button type="button" class="button danger" ref={first} disabled={busy} onClick={go}>
                Yes, remove
              </button>
              <button type="button" class="button" onClick={() => step(false)}>
                Keep
              </button>
            </>
          ) : (
            <button type="button" class="button" ref={first} aria-label={`Remove ${enrolled.class}`} onClick={() => step(true)}>
              Remove
            </button>
          )}
        </div>
      </div>
    </li>
  );
}
