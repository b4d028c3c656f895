import { useState } from 'preact/hooks';
import { counted } from '../../report/words.js';
import type { Enrolled } from '../../serve/api.js';
import type { Failure } from '../client.js';
import { useServer } from '../context.js';
import { FailureNotice } from '../frame/failure-notice.js';
import { DropZone } from '../images/drop-zone.js';
import { sizeProblem } from '../images/files.js';
import { useIntake } from '../images/intake.js';
import { Preview } from '../images/preview.js';
import { nameProblem } from './words.js';

interface Properties {
  readonly shown: boolean;
  readonly enrolled: readonly Enrolled[];
  readonly added: (enrolled: Enrolled) => void;
}

/** A name and a few photos. */
export function EnrolForm({ shown, enrolled, added }: Properties) {
  const { client, info, report } = useServer();
  const [name, setName] = useState('');
  const [photos, setPhotos] = useState<readonly File[]>([]);
  const [problem, setProblem] = useState<{ readonly of: 'name' | 'photos'; readonly words: string } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [sending, setSending] = useState(false);
  const most = info.limits.images;
  const intake = useIntake(shown, (images) => {
    const fresh = images.filter((image) => !photos.some((photo) => keyOf(photo) === keyOf(image)));
    setPhotos([...photos, ...fresh].slice(0, most));
    setProblem(
      photos.length + fresh.length > most
        ? { of: 'photos', words: `The server takes ${most} photos at once; the others were left out.` }
        : null,
    );
  });

  const wrong = (): typeof problem => {
    const ofName = nameProblem(name, enrolled);
    if (ofName !== null) return { of: 'name', words: ofName };
    if (photos.length === 0) return { of: 'photos', words: 'Give at least one photo; three to five are better.' };
    for (const photo of photos) {
      const ofSize = sizeProblem(photo, info.limits.bytes);
      if (ofSize !== null) return { of: 'photos', words: `${photo.name}: ${ofSize}` };
    }
    return null;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const found = wrong();
    setProblem(found);
    setFailure(null);
    if (found !== null) {
      if (found.of === 'name') document.getElementById('class-name')?.focus();
      return;
    }
    setSending(true);
    const outcome = await client.enrol(name.trim(), photos);
    setSending(false);
    if (outcome.ok) {
      setName('');
      setPhotos([]);
      added(outcome.value);
    } else {
      setFailure(outcome.failure);
      report(outcome.failure);
    }
  };
  const trained = info.classes?.includes(name.trim()) === true;
  return (
    <form class="ask" onSubmit={submit} aria-label="Enrol a class">
      <h2>Enrol a class</h2>
      <p class="quiet">A few photos of a new thing are enough. Nothing is trained: their mean direction stands for the class.</p>
      <label for="class-name">Name</label>
      <input
        id="class-name"
        type="text"
        autocomplete="off"
        maxLength={200}
        value={name}
        aria-invalid={problem?.of === 'name'}
        aria-describedby="class-name-about"
        onInput={(event) => {
          setName(event.currentTarget.value);
          setProblem(null);
        }}
      />
      <p class="small field-about" id="class-name-about">
        {problem?.of === 'name' ? (
          <span class="bad" role="alert">
            {problem.words}
          </span>
        ) : (
          <span class="quiet">{trained ? 'The classifier knows a class of this name; answers will show both.' : ''}</span>
        )}
      </p>
      <DropZone intake={intake} several label="Choose photos" hint={`Three to five from several sides; ${most} at most.`} />
      {photos.length > 0 && (
        <ul class="strip" aria-label="Photos">
          {photos.map((photo, index) => (
            <li key={keyOf(photo)}>
              <button
                type="button"
                class="take-away"
                aria-label={`Leave out photo ${index + 1}, ${photo.name}`}
                onClick={() => setPhotos(photos.filter((other) => other !== photo))}
              >
                <Preview image={photo} alt="" />
                <span aria-hidden="true">✕</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem?.of === 'photos' && (
        <p class="bad small" role="alert">
          {problem.words}
        </p>
      )}
      <button type="submit" class="button chief" disabled={sending}>
        {sending ? 'Enrolling …' : photos.length === 0 ? 'Enrol' : `Enrol from ${counted(photos.length, 'photo')}`}
      </button>
      {failure !== null && <FailureNotice failure={failure} waits={false} />}
    </form>
  );
}

/** The same file twice says nothing more about a class. */
function keyOf({ name, lastModified, size }: File): string {
  return `${lastModified} ${size} ${name}`;
}
