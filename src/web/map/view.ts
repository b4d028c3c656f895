/** How a plane is shown in a window: a point lies at (x · scale + left, −y · scale + top), in pixels from the window's upper left corner. */
export interface View {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Room between the outermost points and the edge of the window, in pixels. */
const EDGE = 28;

/** The view in which all places are seen, as large as possible and in the middle. One place alone is shown at a scale of 1. */
export function fit(places: readonly Place[], { width, height }: Size): View {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of places) {
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  if (x0 > x1) return { scale: 1, left: width / 2, top: height / 2 };
  const room = (pixels: number) => Math.max(1, pixels - 2 * EDGE);
  const scale = Math.min(room(width) / (x1 - x0), room(height) / (y1 - y0));
  const whole = Number.isFinite(scale) ? scale : 1;
  return { scale: whole, left: width / 2 - ((x0 + x1) / 2) * whole, top: height / 2 + ((y0 + y1) / 2) * whole };
}

export function toWindow({ scale, left, top }: View, { x, y }: Place): Place {
  return { x: x * scale + left, y: top - y * scale };
}

/** How far one can zoom, against the view in which everything is seen. */
const FARTHEST = 0.5;
const NEAREST = 200;

/** Zooms by a factor; what lies at `at`, in pixels of the window, stays there. */
export function zoom(view: View, factor: number, at: Place, whole: View): View {
  const scale = Math.min(whole.scale * NEAREST, Math.max(whole.scale * FARTHEST, view.scale * factor));
  const by = scale / view.scale;
  return { scale, left: at.x - (at.x - view.left) * by, top: at.y - (at.y - view.top) * by };
}

/** Moves what is shown, by pixels. */
export function pan(view: View, right: number, down: number): View {
  return { ...view, left: view.left + right, top: view.top + down };
}

/** What two fingers do: what lay under each stays under it, as far as a shift and one scale can. */
export function pinch(view: View, before: readonly [Place, Place], after: readonly [Place, Place], whole: View): View {
  const middle = ([a, b]: readonly [Place, Place]): Place => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const spread = ([a, b]: readonly [Place, Place]) => Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
  const [from, to] = [middle(before), middle(after)];
  return zoom(pan(view, to.x - from.x, to.y - from.y), spread(after) / spread(before), to, whole);
}

/** The index of the place that is shown nearest to `at`, within `reach` pixels; null where there is none. */
export function placeAt(view: View, places: readonly Place[], at: Place, reach: number): number | null {
  let nearest: number | null = null;
  let least = reach * reach;
  for (const [index, place] of places.entries()) {
    const { x, y } = toWindow(view, place);
    const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (distance <= least) {
      least = distance;
      nearest = index;
    }
  }
  return nearest;
}

/** Whether a place, in pixels of the window, is seen. */
export function isInside({ x, y }: Place, { width, height }: Size): boolean {
  return x >= 0 && x <= width && y >= 0 && y <= height;
}

/** Indices of the places inside the window, from left to right: the order in which the keyboard goes through them. */
export function placesInside(view: View, places: readonly Place[], size: Size): number[] {
  const seen = places.flatMap((place, index) => {
    const at = toWindow(view, place);
    return isInside(at, size) ? [{ index, ...at }] : [];
  });
  return seen.sort((a, b) => a.x - b.x || a.y - b.y).map(({ index }) => index);
}
