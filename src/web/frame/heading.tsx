import { counted, whole } from '../../report/words.js';
import type { Info } from '../../serve/api.js';

/** What is served, in a line; the lines have their height before the server has answered, so that nothing moves. */
export function Heading({ info }: { info: Info | null }) {
  return (
    <header class="heading">
      <h1>
        <bdi>{info?.name ?? 'ft serve'}</bdi>
      </h1>
      <p class="quiet">{info === null ? '\u00a0' : summaryOf(info)}</p>
    </header>
  );
}

function summaryOf({ base, dimensions, gallery, classes }: Info): string {
  return [
    base,
    `${whole(dimensions)} dimensions`,
    gallery === null ? 'no gallery' : `gallery of ${counted(gallery.images, 'image')}`,
    ...(gallery !== null && gallery.enrolled > 0 ? [`${counted(gallery.enrolled, 'class', 'classes')} enrolled`] : []),
    ...(classes === null ? [] : [`classifier of ${counted(classes.length, 'class', 'classes')}`]),
  ].join(' · ');
}
