import {
  type Appearance,
  type FrameSize,
  greyInColourClasses,
  nearlyUniform,
  tooDark,
  tooSmall,
  unusualProportions,
} from '../data/appearance.js';
import { counted } from '../data/printable.js';
import { type Finding, finding } from './findings.js';
import type { NameImages } from './found-images.js';

/** Images that look unlike the rest at a glance: blank, dark, small, of other proportions, grey among colour. */
export function lookFindings(
  looks: readonly Appearance[],
  frames: readonly (FrameSize | undefined)[],
  labels: Int32Array,
  side: number,
  names: NameImages,
): Finding[] {
  const each = (indices: readonly number[], note: (index: number) => string) =>
    indices.map((index) => ({ note: note(index), images: names([index]) }));
  const sizeOf = (index: number) => {
    const frame = frames[index] as FrameSize;
    return `${frame.width} × ${frame.height}`;
  };
  const uniform = nearlyUniform(looks);
  const dark = tooDark(looks);
  const small = tooSmall(frames, side);
  const grey = greyInColourClasses(looks, labels);
  const { outliers, usual } = unusualProportions(frames);
  const look = (index: number) => looks[index] as Appearance;
  return [
    ...finding(
      'uniform',
      each(uniform, (index) => `contrast ${look(index).contrast.toFixed(1)} of 255`),
      `${counted(uniform.length, 'image')} nearly of one colour`,
    ),
    ...finding(
      'dark',
      each(dark, (index) => `mean brightness ${look(index).brightness.toFixed(0)} of 255`),
      `${counted(dark.length, 'image')} almost black`,
    ),
    ...finding(
      'small',
      each(small, sizeOf),
      `${counted(small.length, 'image')} smaller than half of the ${side} px that are seen`,
    ),
    ...finding(
      'proportions',
      each(outliers, sizeOf),
      `${counted(outliers.length, 'image')} of unusual proportions (usual: ${usual.toFixed(2)} wide by 1 high)`,
    ),
    ...finding(
      'grey',
      each(grey, () => 'grey'),
      `${counted(grey.length, 'image')} grey in a class of colour`,
    ),
  ];
}
