import { Command } from 'commander';
import { silent } from '../progress.js';
import { setUp } from '../runtime/native/setup.js';
import { withExamples } from './examples.js';
import { type Io, processIo } from './io.js';

/** `ft setup`: fetches TensorFlow's library and builds its binding, where that has not been done. `make setup` calls it. */
export function setupVerb(io: Io = processIo()): Command {
  const command = new Command('setup')
    .description(
      "Fetch TensorFlow's library with pip (about 270 MB, pinned by SHA-256) and compile its binding, into the cache that all\n" +
        "clones share. With an NVIDIA card it is the library for cards, and NVIDIA's own with it (3.4 GB to fetch, 5.0 GB stay).\n" +
        'Does nothing, at once, where that has been done.',
    )
    .option('--quiet', 'no progress')
    .action(async (options: { quiet?: boolean }) => {
      await setUp(options.quiet ? silent : io.progress);
    });
  return withExamples(command, [
    ['ft setup', 'set TensorFlow up'],
    ['FT_DEVICE=cpu ft setup', 'for the processor alone, whatever cards there are'],
    ['XDG_CACHE_HOME=/big/disk ft setup', 'the same, with the cache on another disk'],
  ]);
}
