import { counted } from '../../report/words.js';
import { useServer } from '../context.js';

/** What to do first: with a gallery, and without one. */
export function NothingYet() {
  const { info, point } = useServer();
  const images = (info.gallery?.images ?? 0) + (info.gallery?.enrolled ?? 0);
  if (images === 0) return <EmptyGallery />;
  return (
    <>
      <h2>Nearest images</h2>
      <p class="quiet">
        Give an image and the {counted(info.gallery?.images ?? 0, 'image')} of the gallery are searched for what is nearest to it.
        {point !== null &&
          ' Each answer says whether it shows the same, by a threshold calibrated on images the model never saw.'}
      </p>
    </>
  );
}

/** There is nothing to search in. */
export function EmptyGallery() {
  const { info } = useServer();
  return (
    <div class="notice">
      <p>
        <strong>The gallery is empty: there is nothing to find yet.</strong>
      </p>
      <p>
        Start the server on a folder of photos, <code>ft serve RUN --gallery FOLDER</code>, or{' '}
        <a href="#classes">enrol a class</a> from a few photos.
        {info.classes !== null && ' The classifier answers without a gallery.'}
      </p>
    </div>
  );
}
