import { type AdamOptions, adam } from './adam.js';
import { adamw } from './adamw.js';
import type { Optimizer } from './optimizer.js';
import { type SgdOptions, sgd } from './sgd.js';

export type OptimizerOptions = ({ name: 'sgd' } & SgdOptions) | ({ name: 'adam' | 'adamw' } & AdamOptions);

/** The update rule that a recipe names. */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  switch (options.name) {
    case 'sgd':
      return sgd(options);
    case 'adam':
      return adam(options);
    case 'adamw':
      return adamw(options);
  }
}
