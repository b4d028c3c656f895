import { readFile } from 'node:fs/promises';
import { metrics } from '../evaluate/metrics.js';
import type {
  ClassifierFigures,
  DataOfRun,
  Epoch,
  FindingOfRun,
  HeldOut,
  PlanOfPhase,
  QueryFigures,
  ScoreRow,
  Step,
} from '../report/input.js';

/**
 * What the files of a run say, for its report. A run may be older than a file or a key, or unfinished: whatever is absent, or
 * not of the shape that is written today, is left out here and said on the page; nothing of it stops the report.
 */

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);
const numbers = (value: unknown): Record<string, number> =>
  Object.fromEntries(
    Object.entries(isRecord(value) ? value : {}).filter((entry): entry is [string, number] => number(entry[1]) !== null),
  );

/** The rows of `scores.json`, in the order they came about. */
export function rowsOf(scores: Json): ScoreRow[] {
  const known: readonly string[] = metrics;
  return Object.entries(scores).flatMap(([name, row]) => {
    if (!isRecord(row) || number(row.recall_at_1) === null || number(row.dimensions) === null) return [];
    const figures = numbers(row);
    const counts = ['queries', 'left_out'];
    const intervals = Object.entries(isRecord(row.intervals) ? row.intervals : {}).filter((entry) => isRecord(entry[1]));
    return [
      {
        name,
        dimensions: row.dimensions as number,
        scores: Object.fromEntries(Object.entries(figures).filter(([key]) => known.includes(key) || counts.includes(key))),
        intervals: Object.fromEntries(intervals) as ScoreRow['intervals'],
        validation: number(row.validation_map_at_r),
      },
    ];
  });
}

/** 'triplet − classification' and its like. */
export function stepsOf(scores: Json): Step[] {
  return Object.entries(isRecord(scores.differences) ? scores.differences : {}).flatMap(([name, difference]) => {
    const [to, from] = name.split(' − ');
    return from === undefined || to === undefined || !isRecord(difference)
      ? []
      : [{ from, to, difference: difference as Step['difference'] }];
  });
}

export function classifierOf(scores: Json): ClassifierFigures | null {
  const { classifier: found } = scores;
  if (!isRecord(found) || number(found.top_1) === null) return null;
  const perClass = list(found.per_class) as ClassifierFigures['perClass'];
  const interval = isRecord(found.intervals) && isRecord(found.intervals.top_1) ? found.intervals.top_1 : null;
  return {
    images: number(found.images) ?? perClass.reduce((sum, { images }) => sum + images, 0),
    classes: Array.isArray(found.classes) ? (found.classes as string[]) : perClass.map((one) => one.class),
    top_1: found.top_1 as number,
    top_5: number(found.top_5),
    macro_f1: number(found.macro_f1),
    ece: number(found.ece),
    nll: number(found.nll),
    brier: number(found.brier),
    interval: interval as ClassifierFigures['interval'],
    perClass,
    confusion: list(found.confusion) as ClassifierFigures['confusion'],
    reliability: list(found.reliability) as ClassifierFigures['reliability'],
  };
}

/**
 * The lines of `metrics.jsonl` that tell of an epoch; half a line that a kill left is none. Where a phase was started anew, an
 * epoch has several: the last counts.
 */
export function epochsOf(lines: string): Epoch[] {
  const all = everyEpoch(lines);
  return all.filter(({ phase, epoch }, at) => !all.slice(at + 1).some((later) => later.phase === phase && later.epoch === epoch));
}

function everyEpoch(lines: string): Epoch[] {
  return lines.split('\n').flatMap((line): Epoch[] => {
    const found = parsed(line);
    if (found === null || number(found.epoch) === null || typeof found.phase !== 'string') return [];
    const { distances } = found;
    const whole = isRecord(distances) && [distances.edges, distances.positive, distances.negative].every(Array.isArray);
    return [
      {
        phase: found.phase,
        epoch: found.epoch as number,
        best: found.best_so_far === true,
        measure: text(found.measure, 'map_at_r'),
        figures: { ...numbers(found), ...(isRecord(found.coverage) ? coverageOf(found.coverage) : {}) },
        stages: Object.fromEntries(
          Object.entries(isRecord(found.stages) ? found.stages : {}).map(([stage, one]) => [stage, numbers(one)]),
        ),
        distances: whole ? (distances as unknown as Epoch['distances']) : null,
      },
    ];
  });
}

function coverageOf({ drawn, of }: Json): Record<string, number> {
  const share = (number(drawn) ?? Number.NaN) / (number(of) ?? Number.NaN);
  return Number.isFinite(share) ? { coverage: share } : {};
}

function parsed(line: string): Json | null {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The plans of `plan.json`, what thaws later as a plan of its own, with what `manifest.json` says of the proof. */
export function plansOf(plan: Json, manifest: Json): PlanOfPhase[] {
  const proofs = isRecord(manifest.frozen) ? manifest.frozen : {};
  return Object.entries(plan).flatMap(([phase, found]) => {
    if (!isRecord(found)) return [];
    const thaws = list(found.thaw).filter(isRecord);
    const plans = [{ from: 1, plan: found }, ...thaws.map((thaw) => ({ from: number(thaw.epoch) ?? 1, plan: thaw.plan }))];
    return plans.flatMap(({ from, plan: one }) => planOf(phase, from, one, proofs[phase]));
  });
}

function planOf(phase: string, from: number, plan: unknown, proof: unknown): PlanOfPhase[] {
  if (!isRecord(plan) || !Array.isArray(plan.layers)) return [];
  const layers = (plan.layers as readonly unknown[]).filter(isRecord).map((layer) => ({
    name: text(layer.name),
    stage: text(layer.stage),
    kind: text(layer.kind),
    outputShape: list(layer.outputShape) as number[],
    parameters: number(layer.parameters) ?? 0,
    frozen: layer.frozen === true,
    rate: number(layer.rate),
  }));
  const frozen = isRecord(proof) ? number(proof.frozen) : null;
  return [
    {
      phase,
      from,
      rate: number(plan.rate) ?? 0,
      batchNorm: text(plan.batchNorm, 'frozen'),
      layers,
      proof: frozen === null ? null : { frozen, unchanged: isRecord(proof) && proof.unchanged === true },
    },
  ];
}

export function dataOf(data: Json, findings: Json | null): DataOfRun {
  const { split } = data;
  return {
    name: text(data.name, 'images'),
    classes: number(data.classes) ?? 0,
    images: number(data.images) ?? 0,
    skipped: list(data.skipped) as DataOfRun['skipped'],
    singleImageClasses: list(data.singleImageClasses) as string[],
    sharedAcrossClasses: list(data.sharedAcrossClasses) as string[][],
    findings: findings === null ? null : list(findings.findings).filter(isRecord).map(findingOf),
    split:
      isRecord(split) && isRecord(split.parts)
        ? {
            by: text(split.by),
            kind: split.kind === 'closed' ? 'closed' : 'open',
            parts: split.parts as NonNullable<DataOfRun['split']>['parts'],
          }
        : null,
  };
}

function findingOf({ kind, what, why, mend, cases }: Json): FindingOfRun {
  const found = list(cases)
    .filter(isRecord)
    .map(({ note, images }) => ({
      note: text(note),
      images: list(images).filter(isRecord) as unknown as FindingOfRun['cases'][number]['images'],
    }));
  return { kind: text(kind), what: text(what), why: text(why), mend: text(mend), cases: found };
}

/** The held-out images of `evaluation/held-out.jsonl`; classes numbered in the order of their names. */
export function heldOutOf(lines: string): HeldOut {
  const found = lines.split('\n').flatMap((line) => {
    const one = parsed(line);
    return one === null ? [] : [{ file: text(one.file), class: text(one.class), path: text(one.path) }];
  });
  const classes = [...new Set(found.map((one) => one.class))].sort();
  const numbersOf = new Map(classes.map((name, label) => [name, label]));
  return {
    files: found.map(({ file }) => file),
    paths: found.map(({ path }) => path),
    labels: Int32Array.from(found, (one) => numbersOf.get(one.class) as number),
    classes,
  };
}

/** The queries of `evaluation/<row>.json`; null where they do not belong to `images` held-out images. */
export function queriesOf(perQuery: Json, images: number): QueryFigures | null {
  const values = isRecord(perQuery.values) ? perQuery.values : {};
  const rows = list(perQuery.rows) as number[];
  const recallAt1 = list(values.recall_at_1) as number[];
  const mapAtR = list(values.map_at_r) as number[];
  const fits = rows.length === recallAt1.length && rows.length === mapAtR.length && rows.every((row) => row >= 0 && row < images);
  return fits && rows.length > 0 ? { images: rows, recallAt1, mapAtR } : null;
}

/** A text file; null where there is none. */
export async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

/** A JSON object; null where there is no such file, or it is no object. */
export async function jsonOf(path: string): Promise<Json | null> {
  const found = await textOf(path);
  return found === null ? null : parsed(found);
}
