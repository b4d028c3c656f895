import { useEffect, useState } from 'preact/hooks';
import { counted } from '../../report/words.js';
import type { MapPoint } from '../../serve/api.js';
import type { Failure } from '../client.js';
import { useServer } from '../context.js';
import { EmptyGallery } from '../find/nothing-yet.js';
import type { Question } from '../find/question.js';
import { FailureNotice } from '../frame/failure-notice.js';
import { useIntake } from '../images/intake.js';
import { Plane } from './plane.js';

/** Between two looks whether the map is drawn, in milliseconds. */
const LOOK_AGAIN = 1500;

interface Properties {
  readonly shown: boolean;
  readonly ask: (images: readonly File[]) => void;
  readonly questions: readonly Question[];
}

/** The gallery in the plane; it is asked for when it is first seen. */
export function GalleryMap({ shown, ask, questions }: Properties) {
  const { client, report, returns, changes } = useServer();
  const [points, setPoints] = useState<readonly MapPoint[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [marked, setMarked] = useState('');
  const intake = useIntake(shown, ask);
  const [seen, setSeen] = useState(false);
  if (shown && !seen) setSeen(true);

  // `returns` and `changes` ask again.
  useEffect(() => {
    if (!seen) return;
    let left = false;
    let timer = 0;
    const look = async () => {
      const outcome = await client.map();
      if (left) return;
      setFailure(outcome.ok ? null : outcome.failure);
      if (!outcome.ok) report(outcome.failure);
      else if (outcome.value === 'drawing') timer = window.setTimeout(look, LOOK_AGAIN);
      else setPoints(outcome.value);
    };
    void look();
    return () => {
      left = true;
      window.clearTimeout(timer);
    };
  }, [seen, client, returns, changes]);

  if (points === null)
    return (
      <div class="map-view">
        <h2>Map</h2>
        {failure === null ? (
          <p class="quiet" role="status">
            The map is being drawn …
          </p>
        ) : (
          <FailureNotice failure={failure} />
        )}
        <div class="plane waiting" aria-hidden="true" />
      </div>
    );
  if (points.length === 0)
    return (
      <div class="map-view">
        <h2>Map</h2>
        <EmptyGallery />
      </div>
    );
  const classes = [...new Set(points.flatMap((point) => point.class ?? []))].sort();
  return (
    <div class="map-view">
      <h2>Map</h2>
      <p class="quiet">
        {counted(points.length, 'image')} of the gallery, each at its place: near points have near embeddings, the axes mean
        nothing by themselves. Drop or paste an image to see where it lies.
      </p>
      {intake.problem !== null && (
        <p class="bad small" role="alert">
          {intake.problem}
        </p>
      )}
      {classes.length > 0 && (
        <div class="row">
          <label for="marked">Mark a class</label>
          <select id="marked" value={marked} onChange={(event) => setMarked(event.currentTarget.value)}>
            <option value="">none</option>
            {classes.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
      )}
      <Plane shown={shown} points={points} classes={classes} marked={marked === '' ? null : marked} questions={questions} />
    </div>
  );
}
