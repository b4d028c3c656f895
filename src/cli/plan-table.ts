/** The plan as text: one row a layer (or a stage), a column a phase, totals. */
import type { OutputShape } from '../network/shapes.js';
import type { PhasePlan, PlannedLayer } from '../transfer/plan.js';
import { HEAD_STAGE } from '../transfer/selectors.js';
import { type Column, textTable } from './table.js';

export interface PlanView {
  /** A row for each stage instead of each layer. */
  stages: boolean;
  /** Layers without weights too. */
  all: boolean;
}

/** One layer as every phase sees it; a head belongs to one phase alone. */
interface Row {
  name: string;
  stage: string;
  shape: OutputShape;
  parameters: number;
  /** By phase, in the plans' order, as the phase begins; undefined where the phase has no such layer. */
  layers: (PlannedLayer | undefined)[];
  /** By phase: from which epoch on the layer is trained, and how, where it thaws. */
  thawed: (Thawed | undefined)[];
}

interface Thawed {
  epoch: number;
  rate: number;
  layer: PlannedLayer;
}

/** The table and the totals below it. All plans are of the same network. */
export function planText(plans: readonly PhasePlan[], view: PlanView): string {
  const rows = rowsOf(plans).filter((row) => view.all || row.parameters > 0 || row.stage === HEAD_STAGE);
  const table = view.stages ? stageTable(plans, rows) : layerTable(plans, rows);
  return `${table}\n\n${totals(plans)}`;
}

function rowsOf(plans: readonly PhasePlan[]): Row[] {
  const backbone = (plans[0]?.layers ?? [])
    .filter((layer) => layer.stage !== HEAD_STAGE)
    .map(
      (layer): Row => ({
        name: layer.name,
        stage: layer.stage,
        shape: layer.outputShape,
        parameters: layer.parameters,
        layers: plans.map((plan) => plan.layers.find((other) => other.name === layer.name)),
        thawed: plans.map((plan) => thawOf(plan, layer.name)),
      }),
    );
  const heads = plans.flatMap((plan, i) =>
    plan.layers
      .filter((layer) => layer.stage === HEAD_STAGE)
      .map(
        (layer): Row => ({
          name: layer.name,
          stage: layer.stage,
          shape: layer.outputShape,
          parameters: layer.parameters,
          layers: plans.map((_, j) => (j === i ? layer : undefined)),
          thawed: plans.map(() => undefined),
        }),
      ),
  );
  return [...backbone, ...heads];
}

/** The first plan of a phase in which a layer that is frozen at first is trained. */
function thawOf({ layers, thaw }: PhasePlan, name: string): Thawed | undefined {
  const find = (of: readonly PlannedLayer[]) => of.find((layer) => layer.name === name);
  if (find(layers)?.rate !== null) return undefined;
  for (const { epoch, plan } of thaw) {
    const layer = find(plan.layers);
    if (layer !== undefined && layer.rate !== null) return { epoch, rate: layer.rate, layer };
  }
  return undefined;
}

/** The layer in each phase once all that thaws has thawed. */
function inTheEnd({ layers, thawed }: Row): Row['layers'] {
  return layers.map((layer, i) => thawed[i]?.layer ?? layer);
}

function layerTable(plans: readonly PhasePlan[], rows: readonly Row[]): string {
  const normalised = rows.some((row) => row.layers.some((layer) => layer?.batchNorm));
  const columns: Column[] = [
    { title: 'layer' },
    { title: 'stage' },
    { title: 'output', align: 'right' },
    { title: 'params', align: 'right' },
    ...plans.map((plan): Column => ({ title: plan.phase, align: 'right' })),
    { title: 'decay', align: 'right' },
    ...(normalised ? [{ title: 'BatchNorm' }] : []),
  ];
  return textTable(
    columns,
    rows.map((row) => [
      row.name,
      row.stage,
      shapeWords(row.shape),
      row.parameters > 0 ? count(row.parameters) : '',
      ...row.layers.map((layer, i) => rateCell(layer, row.thawed[i])),
      decayCell(inTheEnd(row)),
      ...(normalised ? [each(inTheEnd(row).map((layer) => layer?.batchNorm ?? ''))] : []),
    ]),
  );
}

function stageTable(plans: readonly PhasePlan[], rows: readonly Row[]): string {
  const columns: Column[] = [
    { title: 'stage' },
    { title: 'layers', align: 'right' },
    { title: 'output', align: 'right' },
    { title: 'params', align: 'right' },
    ...plans.map((plan): Column => ({ title: plan.phase, align: 'right' })),
  ];
  const stages = [...new Set(rows.map((row) => row.stage))];
  const groups = stages.flatMap((stage) => {
    const inStage = rows.filter((row) => row.stage === stage);
    return stage === HEAD_STAGE ? inStage.map((row) => [row]) : [inStage];
  });
  return textTable(
    columns,
    groups.map((group) => [
      group[0]?.stage ?? '',
      String(group.length),
      shapeWords(group.at(-1)?.shape ?? [0]),
      count(group.reduce((sum, row) => sum + row.parameters, 0)),
      ...plans.map((_, i) => stageCell(group, i)),
    ]),
  );
}

/** What a stage does in the i-th phase: its range of rates, how much is frozen, and what thaws when. */
function stageCell(group: readonly Row[], i: number): string {
  const weighty = group.filter((row) => (row.layers[i]?.variables.length ?? 0) > 0);
  if (weighty.length === 0) return '';
  const still = weighty.filter((row) => row.layers[i]?.rate === null);
  const parts: string[] = [];
  const trained = weighty.map((row) => row.layers[i]?.rate ?? null).filter((rate) => rate !== null);
  if (trained.length > 0) parts.push(rangeWords(trained));
  const thawing = still.map((row) => row.thawed[i]).filter((thawed) => thawed !== undefined);
  for (const epoch of [...new Set(thawing.map((thawed) => thawed.epoch))].sort((a, b) => a - b)) {
    const then = thawing.filter((thawed) => thawed.epoch === epoch);
    const share = then.length === weighty.length ? '' : `${then.length} of ${weighty.length} `;
    parts.push(`${share}from epoch ${epoch}: ${rangeWords(then.map(({ rate }) => rate))}`);
  }
  const frozen = still.length - thawing.length;
  if (frozen > 0) parts.push(frozen === weighty.length ? 'frozen' : `${frozen} of ${weighty.length} frozen`);
  return parts.join(', ');
}

function rangeWords(rates: readonly number[]): string {
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  return low === high ? rateWords(low) : `${rateWords(low)} … ${rateWords(high)}`;
}

function rateCell(layer: PlannedLayer | undefined, thawed: Thawed | undefined): string {
  if (layer === undefined || layer.variables.length === 0) return '';
  if (thawed !== undefined) return `from epoch ${thawed.epoch}: ${rateWords(thawed.rate)}`;
  return layer.rate === null ? 'frozen' : rateWords(layer.rate);
}

function decayCell(layers: readonly (PlannedLayer | undefined)[]): string {
  return each(
    layers.map((layer) =>
      layer === undefined || layer.rate === null ? '' : layer.weightDecay === 0 ? '0' : rateWords(layer.weightDecay),
    ),
  );
}

/** One word where the phases agree, else one for each; phases without one are left out. */
function each(words: readonly string[]): string {
  return [...new Set(words.filter((word) => word !== ''))].join('/');
}

function totals(plans: readonly PhasePlan[]): string {
  const columns: Column[] = [
    { title: 'phase' },
    { title: 'rate', align: 'right' },
    { title: 'trained', align: 'right' },
    { title: 'frozen', align: 'right' },
    { title: 'statistics', align: 'right' },
    { title: 'in all', align: 'right' },
  ];
  return textTable(
    columns,
    plans
      .flatMap(rowsOfTotals)
      .map(({ name, rate, totals: total }) => [
        name,
        rateWords(rate),
        count(total.trainable),
        count(total.frozen),
        count(total.statistics),
        count(total.parameters),
      ]),
  );
}

function rowsOfTotals({ phase, rate, totals, thaw }: PhasePlan): { name: string; rate: number; totals: PhasePlan['totals'] }[] {
  return [
    { name: phase, rate, totals },
    ...thaw.map(({ epoch, plan }) => ({ name: `  from epoch ${epoch}`, rate: plan.rate, totals: plan.totals })),
  ];
}

/** `3e-3`, `1.5e-4`: at most three figures. */
export function rateWords(rate: number): string {
  return rate === 0 ? '0' : Number(rate.toPrecision(3)).toExponential();
}

function shapeWords(shape: OutputShape): string {
  return shape.length === 1 && shape[0] === 0 ? '?' : shape.join('×');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
