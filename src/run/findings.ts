import type { Finding } from '../inspect/findings.js';
import { checkImages } from './check-images.js';
import type { PhaseContext } from './phase-context.js';

/** File of a run's folder. */
export const FINDINGS_FILE = 'findings.json';

/** What is wrong with the images of a run, as far as their files and hashes say. */
export interface FindingsRecord {
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

/** Above so many images a check takes minutes, and is for the person to ask for. */
const MOST_IMAGES = 100_000;

/**
 * Checks the images of a run before it trains (`ft data check --quick`), and says the gravest: what leaks across the split makes
 * every score of the run doubtful. What is found stops nothing.
 * @throws Interrupted where the person asked to stop
 */
export async function writeFindings({ bench, folder, progress, stopped }: PhaseContext): Promise<void> {
  const { recipe, decoded, split } = bench;
  if (!recipe.data.check || (await folder.readJson(FINDINGS_FILE)) !== undefined) return;
  if (decoded.dataset.samples.length > MOST_IMAGES) {
    progress.line(`more than ${MOST_IMAGES.toLocaleString('en-US')} images: ft data check looks for copies among them`);
    return;
  }
  const { notes, findings } = await checkImages(decoded, split, recipe, { features: false, stopped }, progress);
  await folder.writeJson(FINDINGS_FILE, { notes, findings } satisfies FindingsRecord);
  for (const { kind, what } of findings) {
    if (kind === 'leakage' || kind === 'label-conflict') progress.line(`${what} (${kind}): ft data check shows them`);
  }
}
