import { choose } from '../errors.js';
import { convnext } from './families/convnext.js';
import { densenet } from './families/densenet.js';
import { efficientnet } from './families/efficientnet.js';
import { efficientnetLiteFamily } from './families/efficientnet-lite.js';
import { googlenet } from './families/googlenet.js';
import { inceptionV3 } from './families/inception-v3.js';
import { mobilenetV1 } from './families/mobilenet-v1.js';
import { mobilenetV2 } from './families/mobilenet-v2.js';
import { mobilenetV3 } from './families/mobilenet-v3.js';
import { resnet } from './families/resnet.js';
import { resnetV2 } from './families/resnet-v2.js';
import { vgg } from './families/vgg.js';
import type { Family, Variant } from './family.js';

/** Every design of networks that ft knows, from the oldest. */
export const families: readonly Family[] = [
  vgg,
  googlenet,
  inceptionV3,
  resnet,
  resnetV2,
  densenet,
  mobilenetV1,
  mobilenetV2,
  mobilenetV3,
  efficientnet,
  efficientnetLiteFamily,
  convnext,
];

/** Every network by its name. */
export const variants: ReadonlyMap<string, Variant> = new Map(
  families.flatMap((family) => family.variants.map((variant) => [variant.name, variant])),
);

/** @throws UserError where there is none of the name, with the nearest one */
export function variantOf(name: string, where: string): Variant {
  return choose(variants, name, 'backbone', where);
}
