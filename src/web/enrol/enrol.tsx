import { useEffect, useState } from 'preact/hooks';
import type { Enrolled } from '../../serve/api.js';
import type { Failure } from '../client.js';
import { useServer } from '../context.js';
import { FailureNotice } from '../frame/failure-notice.js';
import { EnrolForm } from './enrol-form.js';
import { EnrolledList } from './enrolled-list.js';

/** Classes that were never trained: enrolled from a few photos, and taken away again. */
export function Enrol({ shown }: { shown: boolean }) {
  const { client, report, returns, changes, galleryChanged } = useServer();
  const [enrolled, setEnrolled] = useState<readonly Enrolled[] | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [said, setSaid] = useState('');

  // `returns` and `changes` ask again.
  useEffect(() => {
    let left = false;
    void client.enrolled().then((outcome) => {
      if (left) return;
      if (outcome.ok) return setEnrolled(outcome.value);
      setFailure(outcome.failure);
      report(outcome.failure);
    });
    return () => {
      left = true;
    };
  }, [client, returns, changes]);

  const remove = async (name: string) => {
    const outcome = await client.remove(name);
    setFailure(outcome.ok || outcome.failure.kind !== 'refused' ? null : outcome.failure);
    if (!outcome.ok) return report(outcome.failure);
    setSaid(`“${name}” was removed.`);
    galleryChanged();
  };
  const added = (fresh: Enrolled) => {
    setFailure(null);
    setEnrolled((all) => [...(all ?? []).filter((other) => other.class !== fresh.class), fresh]);
    setSaid(`“${fresh.class}” is enrolled: it is among the answers from now on.`);
    galleryChanged();
  };
  return (
    <div class="enrol">
      <EnrolForm shown={shown} enrolled={enrolled ?? []} added={added} />
      <section aria-label="Enrolled classes">
        <h2 id="enrolled" tabIndex={-1}>
          Enrolled classes
        </h2>
        <p class="said good" role="status">
          {said}
        </p>
        {failure !== null && <FailureNotice failure={failure} />}
        {enrolled === null ? (
          <p class="quiet">{failure === null ? 'Asking …' : ''}</p>
        ) : (
          <EnrolledList enrolled={enrolled} remove={remove} />
        )}
      </section>
    </div>
  );
}
