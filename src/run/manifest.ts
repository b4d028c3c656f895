import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Recipe } from '../recipe/schema.js';
import { binding, onCard, tf } from '../runtime/tensorflow.js';
import type { FrozenProof } from '../train/frozen-proof.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import type { Workbench } from './workbench.js';

/** What made a run: enough to make it again and to see that it was made so. */
export interface Manifest {
  readonly recipe: string;
  readonly command: readonly string[];
  readonly started: string;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: {
    readonly cpu: string;
    readonly threads: number;
    readonly platform: string;
    /** What TensorFlow computed on; absent in runs of ft before it knew cards. */
    readonly device?: 'cpu' | 'gpu';
  };
  readonly git: { readonly commit: string; readonly clean: boolean } | null;
  readonly data: {
    readonly name: string;
    readonly fingerprint: string;
    readonly images: number;
    readonly classes: number;
    readonly skipped: number;
  };
  readonly weights: { readonly name: string; readonly sha256: string };
  readonly recipe_sha256: string;
  readonly plan: Partial<Record<PhaseName, PhasePlan['totals']>>;
  /** By phase: the hashes of every frozen variable and statistic before and after. */
  frozen: Partial<Record<PhaseName, FrozenProof>>;
  finished?: string;
}

export function makeManifest(bench: Workbench, recipeName: string, command: readonly string[], now: Date): Manifest {
  const {
    recipe,
    decoded: { dataset },
  } = bench;
  return {
    recipe: recipeName,
    command,
    started: now.toISOString(),
    seed: recipe.seed,
    versions: {
      ft: ownVersion(),
      node: process.versions.node,
      tensorflow: binding().TF_Version,
      tfjs: (tf.version as unknown as Record<string, string>)['tfjs-core'] ?? '',
    },
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      threads: cpus().length,
      platform: `${process.platform} ${process.arch}`,
      device: onCard ? 'gpu' : 'cpu',
    },
    git: gitState(),
    data: {
      name: dataset.name,
      fingerprint: dataset.fingerprint,
      images: dataset.samples.length,
      classes: dataset.classes.length,
      skipped: dataset.skipped.length,
    },
    weights: { name: bench.network.name, sha256: bench.weightsSha256 },
    recipe_sha256: recipeHash(recipe),
    plan: Object.fromEntries([...bench.plans].map(([phase, plan]) => [phase, plan.totals])),
    frozen: {},
  };
}

/** SHA-256 of what a recipe trains. Who is told of it may change in the middle of a run. */
function recipeHash({ track: _, ...trained }: Recipe): string {
  return createHash('sha256').update(JSON.stringify(trained)).digest('hex');
}

const root = fileURLToPath(new URL('../../', import.meta.url));

function ownVersion(): string {
  return (JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string }).version;
}

/** The state of the clone that ft runs from; null where it is none or git is absent. */
function gitState(): Manifest['git'] {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return { commit: git('rev-parse', 'HEAD'), clean: git('status', '--porcelain') === '' };
  } catch {
    return null;
  }
}
