import type { MapPoint } from '../../serve/api.js';
import { type Place, type Size, toWindow, type View } from './view.js';

/** The colours of the page as they are now, light or dark. */
export interface Colours {
  readonly series: readonly string[];
  readonly quiet: string;
  readonly ink: string;
  readonly paper: string;
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((at) => colour(`series-${at}`)),
    quiet: colour('neutral'),
    ink: colour('ink'),
    paper: colour('paper'),
  };
}

type Shape = 'circle' | 'square' | 'diamond' | 'triangle';
const SHAPES: readonly Shape[] = ['circle', 'square', 'diamond', 'triangle'];

/** Colour and shape of a class: 24 differ, and then they come again; neither tells anything that the words do not. */
export function signOf(at: number, colours: Colours): { colour: string; shape: Shape } {
  const { series } = colours;
  return {
    colour: series[at % series.length] ?? colours.quiet,
    shape: SHAPES[Math.floor(at / series.length) % SHAPES.length] ?? 'circle',
  };
}

/** One of the user's own images. */
export interface Query extends Place {
  readonly name: string;
}

export interface Drawing {
  readonly points: readonly MapPoint[];
  /** Index of each point's class; −1 for none. */
  readonly classAt: readonly number[];
  /** Index of the class that is marked: the others fade. */
  readonly marked: number | null;
  /** Index of the point that is picked. */
  readonly picked: number | null;
  readonly queries: readonly Query[];
}

/** Draws the points, the marked ones last, and the user's own images as rings. */
export function draw(canvas: CanvasRenderingContext2D, view: View, size: Size, colours: Colours, drawing: Drawing): void {
  const { points, classAt, marked, picked, queries } = drawing;
  canvas.clearRect(0, 0, size.width, size.height);
  const radius = points.length > 2000 ? 3 : 4.5;
  const one = (index: number, alpha: number, large: boolean) => {
    const place = toWindow(view, points[index] as MapPoint);
    if (place.x < -9 || place.y < -9 || place.x > size.width + 9 || place.y > size.height + 9) return;
    const at = classAt[index] ?? -1;
    const { colour, shape } = at === -1 ? { colour: colours.quiet, shape: 'circle' as const } : signOf(at, colours);
    canvas.globalAlpha = alpha;
    outline(canvas, place, large ? radius * 1.6 : radius, shape);
    canvas.fillStyle = colour;
    canvas.fill();
    // An edge in the colour of the paper keeps points apart that lie on each other.
    canvas.lineWidth = large ? 2 : 1;
    canvas.strokeStyle = large ? colours.ink : colours.paper;
    canvas.stroke();
  };
  for (const index of points.keys())
    if (marked === null || classAt[index] !== marked) one(index, marked === null ? 1 : 0.25, false);
  if (marked !== null) for (const index of points.keys()) if (classAt[index] === marked) one(index, 1, index === picked);
  if (picked !== null) one(picked, 1, true);
  canvas.globalAlpha = 1;
  for (const query of queries) ring(canvas, toWindow(view, query), query.name, size.width, colours);
}

function outline(canvas: CanvasRenderingContext2D, { x, y }: Place, radius: number, shape: Shape): void {
  canvas.beginPath();
  switch (shape) {
    case 'circle':
      canvas.arc(x, y, radius, 0, 2 * Math.PI);
      break;
    case 'square':
      canvas.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
      break;
    case 'diamond':
      corners(canvas, x, y, radius * 1.25, 4);
      break;
    case 'triangle':
      corners(canvas, x, y, radius * 1.3, 3);
      break;
  }
}

function corners(canvas: CanvasRenderingContext2D, x: number, y: number, radius: number, count: number): void {
  for (let corner = 0; corner < count; corner++) {
    const angle = -Math.PI / 2 + (corner * 2 * Math.PI) / count;
    canvas.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  canvas.closePath();
}

/** Of a name, the letters that are shown. */
const LETTERS = 24;

/** @param width of the window */
function ring(canvas: CanvasRenderingContext2D, { x, y }: Place, name: string, width: number, { ink, paper }: Colours): void {
  for (const [thick, colour] of [
    [7, paper],
    [3, ink],
  ] as const) {
    canvas.beginPath();
    canvas.arc(x, y, 13, 0, 2 * Math.PI);
    canvas.moveTo(x - 20, y);
    canvas.lineTo(x - 8, y);
    canvas.moveTo(x + 8, y);
    canvas.lineTo(x + 20, y);
    canvas.lineWidth = thick;
    canvas.strokeStyle = colour;
    canvas.stroke();
  }
  canvas.font = '600 13px system-ui, sans-serif';
  canvas.textBaseline = 'middle';
  canvas.lineWidth = 4;
  canvas.lineJoin = 'round';
  canvas.strokeStyle = paper;
  canvas.fillStyle = ink;
  const text = name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name;
  const { width: length } = canvas.measureText(text);
  // To the left of the ring where there is no room at its right.
  const at = x + 24 + length <= width ? x + 24 : x - 24 - length;
  canvas.strokeText(text, at, y);
  canvas.fillText(text, at, y);
}
