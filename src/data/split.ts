import type { Dataset } from './dataset.js';
import { splitByClass } from './split-by-class.js';
import { splitByGroup } from './split-by-group.js';
import { splitByImage } from './split-by-image.js';
import { splitByManifest } from './split-by-manifest.js';
import type { Split, SplitRule } from './split-parts.js';

export { foldsOfClasses, splitByClass, validationClasses } from './split-by-class.js';
export { denseLabels, type HeldOutRule, type Part, partOf, type Split, type SplitRule } from './split-parts.js';

/**
 * Splits a data set by a rule. A pure function of the images and the rule: neither the order in which files were listed nor
 * the machine enters.
 * @throws UserError where a part would hold too little to learn from, to choose by or to be scored on
 */
export function splitDataset(dataset: Dataset, rule: SplitRule): Split {
  switch (rule.by) {
    case 'class':
      return splitByClass(dataset, rule);
    case 'image':
      return splitByImage(dataset, rule);
    case 'group':
      return splitByGroup(dataset, rule);
    case 'manifest':
      return splitByManifest(dataset, rule);
  }
}
