import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Place, pan, pinch, type View, zoom } from './view.js';

interface Gestures {
  /** Changes the view that is shown. */
  readonly move: (change: (view: View, whole: View) => View) => void;
  /** A tap or a click, in pixels of the window. */
  readonly tap: (at: Place, reach: number) => void;
  /** A mouse that rests on a place; null when it has left. */
  readonly hover: (at: Place | null) => void;
}

/** A pointer that moved less than this, in pixels, meant to tap. */
const STILL = 6;
/** A finger is less exact than a mouse. */
const REACH = { mouse: 10, pen: 12, touch: 22 } as const;

/** Drag moves, two fingers pinch, the wheel zooms, a tap picks. */
export function useGestures(plane: RefObject<HTMLElement | null>, gestures: Gestures): void {
  // The listeners stay while the view changes under them: what is held would be forgotten with them.
  const latest = useRef(gestures);
  latest.current = gestures;
  useEffect(() => {
    const element = plane.current;
    if (element === null) return;
    const held = new Map<number, Place>();
    let travelled = 0;
    const placeOf = (event: MouseEvent): Place => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left - element.clientLeft, y: event.clientY - top - element.clientTop };
    };
    const onDown = (event: PointerEvent) => {
      if (event.button !== 0) return;
      if (held.size === 0) travelled = 0;
      held.set(event.pointerId, placeOf(event));
      element.setPointerCapture(event.pointerId);
    };
    const onMove = (event: PointerEvent) => {
      const now = placeOf(event);
      const before = held.get(event.pointerId);
      if (before === undefined) {
        if (event.pointerType === 'mouse') latest.current.hover(now);
        return;
      }
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      held.set(event.pointerId, now);
      travelled += Math.hypot(now.x - before.x, now.y - before.y);
      if (other !== undefined) latest.current.move((view, whole) => pinch(view, [before, other], [now, other], whole));
      else if (travelled >= STILL) latest.current.move((view) => pan(view, now.x - before.x, now.y - before.y));
    };
    const onUp = (event: PointerEvent) => {
      const at = held.get(event.pointerId);
      held.delete(event.pointerId);
      if (at === undefined || held.size > 0 || travelled >= STILL || event.type === 'pointercancel') return;
      latest.current.tap(at, REACH[event.pointerType as keyof typeof REACH] ?? REACH.touch);
    };
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      // Some browsers count lines or pages, not pixels.
      const pixels = event.deltaY * ([1, 16, 400][event.deltaMode] ?? 1);
      const at = placeOf(event);
      latest.current.move((view, whole) => zoom(view, Math.exp(-Math.max(-200, Math.min(200, pixels)) / 400), at, whole));
    };
    const onLeave = () => latest.current.hover(null);
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    element.addEventListener('pointerleave', onLeave);
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
      element.removeEventListener('pointerleave', onLeave);
      element.removeEventListener('wheel', onWheel);
    };
  }, [plane]);
}
