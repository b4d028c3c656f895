import { useEffect, useState } from 'preact/hooks';
import { figure } from '../../report/words.js';
import type { Verified } from '../../serve/api.js';
import type { Failure } from '../client.js';
import { useServer } from '../context.js';
import { FailureNotice } from '../frame/failure-notice.js';
import { DropZone } from '../images/drop-zone.js';
import { sizeProblem } from '../images/files.js';
import { useIntake } from '../images/intake.js';
import { Preview } from '../images/preview.js';
import { ThresholdPanel } from '../threshold/threshold-panel.js';
import { VerdictMark } from '../threshold/verdict-mark.js';
import { judge } from '../threshold/words.js';
import { CosineScale } from './cosine-scale.js';

const SLOTS = [
  { id: 'a', name: 'First image' },
  { id: 'b', name: 'Second image' },
] as const;
type Pair = Readonly<Record<'a' | 'b', File | null>>;

/** Two images, and whether they show the same. */
export function Compare({ shown }: { shown: boolean }) {
  const { client, info, point, report, returns } = useServer();
  const [pair, setPair] = useState<Pair>({ a: null, b: null });
  const [verified, setVerified] = useState<Verified | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [tries, setTries] = useState(0);
  const intake = useIntake(shown, (images, target) => setPair(placed(pair, images, slotOf(target))));
  const { a, b } = pair;
  const problem = [a, b].flatMap((image) => (image === null ? [] : (sizeProblem(image, info.limits.bytes) ?? [])))[0] ?? null;

  // `returns` and `tries` ask again.
  useEffect(() => {
    setVerified(null);
    setFailure(null);
    if (a === null || b === null || problem !== null) return;
    let left = false;
    void client.verify(a, b).then((outcome) => {
      if (left) return;
      if (outcome.ok) return setVerified(outcome.value);
      setFailure(outcome.failure);
      report(outcome.failure);
    });
    return () => {
      left = true;
    };
  }, [a, b, problem, client, returns, tries]);

  const judged = verified === null ? null : judge(verified.similarity, point ?? verified.threshold);
  const missing = [a, b].filter((image) => image === null).length;
  return (
    <div class="find">
      <section class="ask" aria-label="Two images">
        <div class="two">
          {SLOTS.map(({ id, name }) => {
            const image = pair[id];
            return (
              <DropZone key={id} slot={id} intake={intake} label={image === null ? name : `${name}: another`}>
                {image !== null && <Preview image={image} alt={`${name}: ${image.name}`} />}
              </DropZone>
            );
          })}
        </div>
      </section>
      <section class="found" aria-label="Verdict">
        <h2>Do they show the same?</h2>
        <div role="status">
          {missing > 0 && <p class="quiet">{missing === 2 ? 'Give two images.' : 'One image is missing.'}</p>}
          {missing === 0 && problem === null && verified === null && failure === null && <p class="quiet">Comparing …</p>}
          {verified !== null && judged !== null && (
            <>
              <p class="verdict-large">
                <VerdictMark judged={judged} />
              </p>
              <p>
                cosine {figure(verified.similarity)}, distance {figure(verified.distance)}
              </p>
            </>
          )}
        </div>
        {verified !== null && <CosineScale similarity={verified.similarity} point={point ?? verified.threshold} />}
        {problem !== null && (
          <p class="notice" role="alert">
            {problem}
          </p>
        )}
        {failure !== null && <FailureNotice failure={failure} again={() => setTries(tries + 1)} />}
      </section>
      <ThresholdPanel />
    </div>
  );
}

/** Images go where they were dropped, else where there is room, else the newest takes the place of the second. */
function placed(pair: Pair, images: readonly File[], slot: 'a' | 'b' | null): Pair {
  const [first, second] = images;
  if (first === undefined) return pair;
  if (second !== undefined) return { a: first, b: second };
  return { ...pair, [slot ?? (pair.a === null ? 'a' : 'b')]: first };
}

function slotOf(target: EventTarget | null): 'a' | 'b' | null {
  const slot = target instanceof Element ? target.closest('[data-slot]')?.getAttribute('data-slot') : null;
  return slot === 'a' || slot === 'b' ? slot : null;
}
