import { streamsIo } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import type { Verb } from '../../src/cli/verbs.js';
import { verbs as everyVerb } from '../../src/cli/verbs.js';
import { smallNetwork } from '../transfer/small-network.js';

/** Runs `ft` with its output gathered. */
export async function ft(argv: string[], options: { folder?: string; verbs?: readonly Verb[] } = {}) {
  let out = '';
  let err = '';
  const io = streamsIo({
    stdout: { write: (text) => (out += text), columns: 100 },
    stderr: { write: (text) => (err += text) },
    folder: options.folder ?? process.cwd(),
  });
  const code = await main(argv, io, options.verbs ?? everyVerb);
  return { code, out, err };
}

/** The verbs, with `plan` and `freeze` looking at a network small enough to count by hand. */
export const smallVerbs: readonly Verb[] = everyVerb.map((verb): Verb => {
  const load = async () => smallNetwork();
  if (verb.name === 'plan') return { ...verb, load: async (io) => (await import('../../src/cli/plan.js')).planVerb(io, load) };
  if (verb.name === 'freeze')
    return { ...verb, load: async (io) => (await import('../../src/cli/freeze.js')).freezeVerb(io, load) };
  return verb;
});
