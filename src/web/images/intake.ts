import { useEffect, useState } from 'preact/hooks';
import { imagesOf } from './files.js';

export interface Intake {
  /** True while files are held over the page. */
  readonly over: boolean;
  /** What was wrong with what was dropped or pasted last. */
  readonly problem: string | null;
  /** Takes files that were chosen. */
  readonly take: (files: Iterable<File>, target?: EventTarget | null) => void;
}

/**
 * Images that are pasted or dropped anywhere on the page while `shown`. Without this a browser leaves the page for the file that
 * was dropped beside its aim.
 *
 * @param onImages gets the images, and what they were dropped on
 */
export function useIntake(shown: boolean, onImages: (images: File[], target: EventTarget | null) => void): Intake {
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const take = (files: Iterable<File>, target: EventTarget | null = null) => {
    const { images, others } = imagesOf(files);
    if (images.length === 0) setProblem('That holds no image file. Save the picture first, then drop or choose the file.');
    else setProblem(others === 0 ? null : `${others} of the files were left out: they are no images.`);
    if (images.length > 0) onImages(images, target);
  };
  useEffect(() => {
    if (!shown) return;
    const onPaste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files ?? [];
      // Text goes where it is pasted.
      if (files.length === 0) return;
      event.preventDefault();
      take(files);
    };
    const onDragOver = (event: DragEvent) => {
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
      setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      // Leaving one element for the next has a target; leaving the window has none.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer?.files ?? [], event.target);
    };
    window.addEventListener('paste', onPaste);
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('paste', onPaste);
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  });
  return { over: shown && over, problem, take };
}
