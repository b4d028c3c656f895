import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

let collect: Collect | undefined;

/**
 * Has V8 collect its garbage now. It does so when its own heap grows, and knows nothing of what TensorFlow is about to ask for: a
 * graph's messages and copies of weights would lie beside the first step's maps.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  // `last-resort` gives emptied pages back to the system too.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
