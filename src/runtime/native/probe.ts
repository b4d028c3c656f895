import { UserError } from '../../errors.js';
import { bindingFile, preloadFile } from './location.js';
import { lastLines, runTool } from './tools.js';

/** Loads what was set up in a folder and returns TensorFlow's version. */
export type LoadCheck = (folder: string) => Promise<string>;

// The first argument that `node -e` is given after the script is process.argv[1].
const LOAD = `
  const [, quiet, binding] = process.argv;
  try {
    require(quiet);
    process.stdout.write(require(binding).TF_Version);
  } catch (error) {
    process.stderr.write(error.message);
    process.exit(1);
  }`;

/** Loads the two addons in a process of its own: a library that brings its process down is told from one that works. */
export const loadInChild: LoadCheck = async (folder) => {
  const child = await runTool(process.execPath, ['-e', LOAD, preloadFile(folder), bindingFile(folder)]);
  if (child?.code === 0) return child.stdout;
  throw new UserError({
    what: "TensorFlow's library cannot be loaded on this machine",
    where: folder,
    found: child?.code === null ? 'the process was ended by a signal (an unknown instruction?)' : lastLines(child?.stderr ?? ''),
    mend: `rm -rf '${folder}' && make setup`,
  });
};
