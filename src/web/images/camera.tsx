import { useEffect, useRef, useState } from 'preact/hooks';
import { cameraProblem, NO_CAMERA_HERE } from './camera-words.js';

interface Properties {
  /** Stays open after a photo. */
  readonly several: boolean;
  readonly onPhoto: (photo: File) => void;
  readonly close: () => void;
}

/** The camera's picture and a button that takes a photo of it. The camera is given back when this closes. */
export function Camera({ several, onPhoto, close }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [tries, setTries] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  const [taken, setTaken] = useState(0);

  useEffect(() => dialog.current?.showModal(), []);
  // The browser then gives the focus back to where it was.
  const leave = () => dialog.current?.close();
  // `tries` asks for another try.
  useEffect(() => {
    let stream: MediaStream | null = null;
    let left = false;
    const stop = () => stream?.getTracks().forEach((track) => track.stop());
    const start = async () => {
      // Pages that are not secure have no such thing at all.
      const devices = navigator.mediaDevices as MediaDevices | undefined;
      if (devices === undefined) return setProblem(NO_CAMERA_HERE);
      try {
        stream = await devices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false });
        if (left || video.current === null) return stop();
        video.current.srcObject = stream;
        setProblem(null);
      } catch (error) {
        if (!left) setProblem(cameraProblem(error));
      }
    };
    void start();
    return () => {
      left = true;
      stop();
    };
  }, [tries]);

  const capture = async () => {
    const photo = video.current === null ? null : await frameOf(video.current, `camera-${taken + 1}.jpg`);
    if (photo === null) return setProblem('That photo did not come out. Try again.');
    onPhoto(photo);
    setTaken(taken + 1);
    if (!several) leave();
  };
  return (
    <dialog class="camera" aria-label="Camera" ref={dialog} onClose={close}>
      <div class="camera-frame">
        <video ref={video} autoplay playsInline muted onLoadedData={() => setReady(true)} aria-label="What the camera sees" />
        {problem !== null && (
          <p role="alert" class="camera-problem">
            {problem}
          </p>
        )}
        {problem === null && !ready && <p class="camera-problem quiet">Waiting for the camera …</p>}
      </div>
      <div class="row">
        {problem === null ? (
          <button type="button" class="button chief" disabled={!ready} onClick={capture}>
            Take a photo
          </button>
        ) : (
          <button type="button" class="button chief" onClick={() => setTries(tries + 1)}>
            Try again
          </button>
        )}
        <button type="button" class="button" onClick={leave}>
          {taken === 0 ? 'Cancel' : 'Done'}
        </button>
        {several && (
          <span class="quiet small" role="status">
            {taken === 0 ? '' : `${taken} taken`}
          </span>
        )}
      </div>
    </dialog>
  );
}

function frameOf(video: HTMLVideoElement, name: string): Promise<File | null> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob === null ? null : new File([blob], name, { type: 'image/jpeg' })), 'image/jpeg', 0.95);
  });
}
