import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { Camera } from './camera.js';
import type { Intake } from './intake.js';

interface Properties {
  readonly intake: Intake;
  /** What the button says: 'Choose an image'. */
  readonly label: string;
  /** A line below; where there is one it also says that images may be dropped and pasted. */
  readonly hint?: string;
  readonly several?: boolean;
  /** A preview, in place of the sign. */
  readonly children?: ComponentChildren;
  /** Where a drop on this very place goes; see `useIntake`. */
  readonly slot?: string;
}

/** A place to drop images on, which is also the button that chooses files; beside it the camera. */
export function DropZone({ intake, label, hint, several = false, children, slot = '' }: Properties) {
  const id = useId();
  const files = useRef<HTMLInputElement>(null);
  const photo = useRef<HTMLInputElement>(null);
  const [camera, setCamera] = useState(false);
  const choose = (event: { readonly currentTarget: HTMLInputElement }) => {
    const { currentTarget } = event;
    if (currentTarget.files !== null && currentTarget.files.length > 0) intake.take([...currentTarget.files], currentTarget);
    // So that the same file can be chosen again.
    currentTarget.value = '';
  };
  return (
    <div class="intake" data-slot={slot}>
      <button
        type="button"
        class={`drop${intake.over ? ' over' : ''}`}
        aria-describedby={hint === undefined ? undefined : id}
        onClick={() => files.current?.click()}
      >
        {children || <Sign />}
        <span class="drop-label">{label}</span>
        {hint !== undefined && (
          <span class="drop-hint quiet small" id={id}>
            <span class="by-pointer">Or drop or paste them anywhere on this page. </span>
            {hint}
          </span>
        )}
      </button>
      <input type="file" accept="image/*" multiple={several} hidden ref={files} onChange={choose} aria-label={label} />
      <input type="file" accept="image/*" capture="environment" hidden ref={photo} onChange={choose} aria-label="Take a photo" />
      <div class="row">
        <button type="button" class="button by-touch" onClick={() => photo.current?.click()}>
          Take a photo
        </button>
        <button type="button" class="button by-pointer" onClick={() => setCamera(true)}>
          Use the camera
        </button>
      </div>
      {intake.problem !== null && (
        <p class="bad small" role="alert">
          {intake.problem}
        </p>
      )}
      {camera && (
        <Camera several={several} onPhoto={(file) => intake.take([file], files.current)} close={() => setCamera(false)} />
      )}
    </div>
  );
}

function Sign() {
  return (
    <svg class="sign" viewBox="0 0 48 48" aria-hidden="true">
      <path d="M8 34V12a4 4 0 0 1 4-4h24a4 4 0 0 1 4 4v24a4 4 0 0 1-4 4H12a4 4 0 0 1-4-4l9-11 7 8 6-6 10 9" />
      <circle cx="30" cy="18" r="3" />
    </svg>
  );
}
