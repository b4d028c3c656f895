import type { MapPoint } from '../../serve/api.js';
import { Picture } from '../images/picture.js';
import type { Place, Size } from './view.js';

const WIDTH = 144;
const HEIGHT = 196;
const GAP = 14;

/** The picture and class of a point, beside it and within the map. */
export function PointCard({ point, at, size }: { point: MapPoint; at: Place; size: Size }) {
  const left = at.x + GAP + WIDTH <= size.width ? at.x + GAP : at.x - GAP - WIDTH;
  const within = (value: number, most: number) => `${Math.max(4, Math.min(most - 4, value))}px`;
  return (
    <div
      class="point-card"
      role="status"
      style={{
        width: `${WIDTH}px`,
        left: within(left, size.width - WIDTH),
        top: within(at.y - HEIGHT / 2, size.height - HEIGHT),
      }}
    >
      <Picture key={point.id} address={point.picture} alt="" />
      <bdi class="answer-class name">{point.class ?? 'no class'}</bdi>
      <bdi class="small quiet answer-file">{point.file.split('/').at(-1)}</bdi>
    </div>
  );
}
