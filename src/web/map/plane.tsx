import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MapPoint } from '../../serve/api.js';
import type { Question } from '../find/question.js';
import { coloursOf, draw } from './draw.js';
import { useGestures } from './gestures.js';
import { PointCard } from './point-card.js';
import { fit, isInside, type Place, pan, placeAt, placesInside, type Size, toWindow, type View, zoom } from './view.js';

interface Properties {
  readonly shown: boolean;
  readonly points: readonly MapPoint[];
  readonly classes: readonly string[];
  readonly marked: string | null;
  readonly questions: readonly Question[];
}

const STEP = 60;
const FACTOR = 1.5;

/** The points on a canvas, which moves and zooms; the picture of the one that is picked; the user's own images as rings. */
export function Plane({ shown, points, classes, marked, questions }: Properties) {
  const plane = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(plane, shown);
  const whole = useMemo(() => fit(points, size), [points, size]);
  const [view, setView] = useState<View | null>(null);
  const [picked, setPicked] = useState<number | null>(null);
  const scheme = useScheme();
  const seen = view ?? whole;
  const queries = useMemo(
    () => questions.flatMap(({ found, name }) => (found?.place == null ? [] : [{ ...found.place, name }])),
    [questions],
  );
  const classAt = useMemo(() => {
    const index = new Map(classes.map((name, at) => [name, at]));
    return points.map((point) => index.get(point.class ?? '') ?? -1);
  }, [points, classes]);

  // A new layout is seen whole: what was picked in the old one is elsewhere.
  // Each new layout, and nothing else.
  useEffect(() => {
    setView(null);
    setPicked(null);
  }, [points]);
  // `scheme` changes the colours that are read from the page.
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d') ?? null;
    if (element === null || context === null || size.width === 0) return;
    const ratio = window.devicePixelRatio;
    element.width = Math.round(size.width * ratio);
    element.height = Math.round(size.height * ratio);
    context.scale(ratio, ratio);
    const markedAt = marked === null ? null : classes.indexOf(marked);
    draw(context, seen, size, coloursOf(element), { points, classAt, marked: markedAt, picked, queries });
  }, [seen, size, points, classAt, classes, marked, picked, queries, scheme]);

  const move = (change: (view: View, whole: View) => View) => setView((now) => change(now ?? whole, whole));
  const pick = (at: Place, reach: number) => setPicked(placeAt(seen, points, at, reach));
  const hover = (at: Place | null) => {
    // What was picked stays until the mouse finds something else.
    const found = at === null ? null : placeAt(seen, points, at, 10);
    if (found !== null) setPicked(found);
  };
  useGestures(plane, { move, tap: pick, hover });

  const point = picked === null ? undefined : points[picked];
  const pointPlace = point === undefined ? null : toWindow(seen, point);
  const inside = pointPlace !== null && isInside(pointPlace, size);
  const middle = { x: size.width / 2, y: size.height / 2 };
  // What one looks at stays where it is.
  const centre = inside ? pointPlace : middle;
  const next = (by: 1 | -1) => {
    const order = placesInside(seen, points, size);
    const at = picked === null ? -1 : order.indexOf(picked);
    setPicked(order[at === -1 ? (by === 1 ? 0 : order.length - 1) : (at + by + order.length) % order.length] ?? null);
  };
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => move((now) => pan(now, STEP, 0)),
    ArrowRight: () => move((now) => pan(now, -STEP, 0)),
    ArrowUp: () => move((now) => pan(now, 0, STEP)),
    ArrowDown: () => move((now) => pan(now, 0, -STEP)),
    '+': () => move((now) => zoom(now, FACTOR, centre, whole)),
    '=': () => move((now) => zoom(now, FACTOR, centre, whole)),
    '-': () => move((now) => zoom(now, 1 / FACTOR, centre, whole)),
    '0': () => setView(null),
    n: () => next(1),
    p: () => next(-1),
    Escape: () => setPicked(null),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };
  const firstPlace = queries[0];
  return (
    <div class="plane-frame">
      <div
        class="plane"
        ref={plane}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: its keys move and zoom, as the label says.
        tabIndex={0}
        role="application"
        aria-label={`Map of ${points.length} images. Arrows move, plus and minus zoom, 0 shows all, N and P go from image to image.`}
        data-zoom={(seen.scale / whole.scale).toFixed(3)}
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvas} />
        {point !== undefined && inside && <PointCard point={point} at={pointPlace} size={size} />}
      </div>
      <div class="zoom">
        <button type="button" class="button" aria-label="Zoom in" onClick={actions['+']}>
          +
        </button>
        <button type="button" class="button" aria-label="Zoom out" onClick={actions['-']}>
          −
        </button>
        <button type="button" class="button" onClick={actions['0']}>
          Show all
        </button>
        {firstPlace !== undefined && (
          <button
            type="button"
            class="button"
            onClick={() => setView({ ...centred(firstPlace, Math.max(seen.scale, whole.scale * 4), middle) })}
          >
            Go to your image
          </button>
        )}
        <span class="small quiet legend">
          {firstPlace !== undefined && 'The ring is your image, placed by its nearest images. '}
          {classes.length > 24 && 'Colours and shapes come again after 24 classes: mark one to see it alone.'}
        </span>
      </div>
    </div>
  );
}

function centred(place: Place, scale: number, middle: Place): View {
  return { scale, left: middle.x - place.x * scale, top: middle.y + place.y * scale };
}

/** How large the plane is; nothing while it is hidden. */
function useSize(plane: { readonly current: HTMLElement | null }, shown: boolean): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  // It is measured anew when it is seen.
  useEffect(() => {
    const element = plane.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0) setSize((now) => (now.width === width && now.height === height ? now : { width, height }));
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [plane, shown]);
  return size;
}

/** Changes with the system's colours. */
function useScheme(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const follow = () => setDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [query]);
  return dark;
}
