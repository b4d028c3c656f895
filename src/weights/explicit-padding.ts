import type { Padding } from '../network/network.js';

type Sides = readonly [top: number, bottom: number, left: number, right: number];

/**
 * The plainest form of an explicit padding that means the same for every size of image: none is 'valid'; what keeps the
 * size at stride 1, an odd row at the end, is 'same'. At larger strides 'same' pads by the size, so the rows stay explicit.
 */
export function plainPadding(
  sides: Sides,
  window: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number] = [1, 1],
): Padding {
  if (sides.every((count) => count === 0)) return 'valid';
  const keeps = (axis: 0 | 1, before: number, after: number): boolean => {
    const reach = (window[axis] - 1) * dilations[axis];
    return strides[axis] === 1 && before === Math.floor(reach / 2) && before + after === reach;
  };
  return keeps(0, sides[0], sides[1]) && keeps(1, sides[2], sides[3]) ? 'same' : sides;
}
