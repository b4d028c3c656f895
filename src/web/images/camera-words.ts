/** Why there is no camera, and what to do: by the name of what getUserMedia threw (W3C Media Capture and Streams, 10.2). */
export function cameraProblem(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'The camera was not allowed. Allow it in the browser’s address bar and try again, or choose a file.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'No camera was found. Connect one and try again, or choose a file.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera could not be started: another program may be using it. Close that and try again, or choose a file.';
    default:
      return `The camera could not be started${name === '' ? '' : ` (${name})`}. Choose a file instead.`;
  }
}

export const NO_CAMERA_HERE =
  'A browser lends its camera only to pages by https, or from this very machine (localhost). Choose a file, or take the photo with the camera’s own program.';
