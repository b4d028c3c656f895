import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fit, isInside, pan, pinch, placeAt, placesInside, toWindow, type View, zoom } from '../../src/web/map/view.js';

const SIZE = { width: 400, height: 300 };
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const place = fc.record({ x: number(-50, 50), y: number(-50, 50) });
const places = fc.array(place, { minLength: 2, maxLength: 30 });
const inWindow = fc.record({ x: number(0, 400), y: number(0, 300) });

/** What lies under a pixel. */
const under = ({ scale, left, top }: View, { x, y }: { x: number; y: number }) => ({
  x: (x - left) / scale,
  y: (top - y) / scale,
});

describe('the view of the map', () => {
  it('shows everything at first, with an edge, upward as in the plane', () => {
    const view = fit(
      [
        { x: -2, y: -1 },
        { x: 2, y: 1 },
      ],
      SIZE,
    );
    expect(view).toEqual({ scale: 86, left: 200, top: 150 });
    expect(toWindow(view, { x: -2, y: -1 })).toEqual({ x: 28, y: 236 });
    expect(toWindow(view, { x: 2, y: 1 })).toEqual({ x: 372, y: 64 });
    fc.assert(fc.property(places, (all) => all.every((one) => isInside(toWindow(fit(all, SIZE), one), SIZE))));
  });

  it('takes one place, equal places and none', () => {
    expect(toWindow(fit([{ x: 3, y: 4 }], SIZE), { x: 3, y: 4 })).toEqual({ x: 200, y: 150 });
    expect(fit([], SIZE)).toEqual({ scale: 1, left: 200, top: 150 });
  });

  it('keeps what lies under the pointer there while it zooms', () => {
    fc.assert(
      fc.property(places, inWindow, number(0.2, 5), (all, at, factor) => {
        const whole = fit(all, SIZE);
        const before = under(whole, at);
        const after = under(zoom(whole, factor, at, whole), at);
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it('zooms by the factor, between half the whole and 200 times', () => {
    const whole = fit(
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
      SIZE,
    );
    const at = { x: 0, y: 0 };
    expect(zoom(whole, 1.5, at, whole).scale).toBeCloseTo(whole.scale * 1.5, 9);
    expect(zoom(whole, 1e9, at, whole).scale).toBeCloseTo(whole.scale * 200, 9);
    expect(zoom(whole, 1e-9, at, whole).scale).toBeCloseTo(whole.scale / 2, 9);
  });

  it('moves by pixels, and a pinch keeps what lies under both fingers', () => {
    const whole = { scale: 10, left: 5, top: 7 };
    expect(pan(whole, 3, -4)).toEqual({ scale: 10, left: 8, top: 3 });
    const before = [
      { x: 100, y: 100 },
      { x: 200, y: 100 },
    ] as const;
    const after = [
      { x: 90, y: 140 },
      { x: 290, y: 140 },
    ] as const;
    const view = pinch(whole, [...before], [...after], whole);
    expect(view.scale).toBeCloseTo(20, 9);
    for (const finger of [0, 1] as const) {
      expect(under(view, after[finger]).x).toBeCloseTo(under(whole, before[finger]).x, 9);
      expect(under(view, after[finger]).y).toBeCloseTo(under(whole, before[finger]).y, 9);
    }
  });

  it('finds the place that a loop finds nearest to a pixel, within reach', () => {
    fc.assert(
      fc.property(places, inWindow, number(1, 60), (all, at, reach) => {
        const view = fit(all, SIZE);
        const distances = all.map((one) => Math.hypot(toWindow(view, one).x - at.x, toWindow(view, one).y - at.y));
        const found = placeAt(view, all, at, reach);
        if (found === null) expect(Math.min(...distances)).toBeGreaterThan(reach - 1e-9);
        else expect(distances[found]).toBeCloseTo(Math.min(...distances), 9);
      }),
    );
  });

  it('goes through what is seen from left to right', () => {
    const view = { scale: 1, left: 0, top: 0 };
    const all = [
      { x: 300, y: -10 },
      { x: 500, y: -10 },
      { x: 100, y: -200 },
      { x: 100, y: -20 },
    ];
    expect(placesInside(view, all, SIZE)).toEqual([3, 2, 0]);
  });
});
