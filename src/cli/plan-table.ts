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
  /** By phase, in the plans' order; undefined where the phase has no such layer. */
  layers: (PlannedLayer | undefined)[];
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
        }),
      ),
  );
  return [...backbone, ...heads];
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
      ...row.layers.map(rateCell),
      decayCell(row.layers),
      ...(normalised ? [each(row.layers.map((layer) => layer?.batchNorm ?? ''))] : []),
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
      ...plans.map((_, i) => stageCell(group.map((row) => row.layers[i]).filter((layer) => layer !== undefined))),
    ]),
  );
}

function stageCell(layers: readonly PlannedLayer[]): string {
  const weighty = layers.filter((layer) => layer.variables.length > 0);
  if (weighty.length === 0) return '';
  const frozen = weighty.filter((layer) => layer.rate === null).length;
  if (frozen === weighty.length) return 'frozen';
  const rates = [...new Set(weighty.map((layer) => layer.rate).filter((rate) => rate !== null))].sort((a, b) => a - b);
  const [low = 0, high = low] = [rates[0], rates.at(-1)];
  const range = low === high ? rateWords(low) : `${rateWords(low)} … ${rateWords(high)}`;
  return frozen === 0 ? range : `${range}, ${frozen} of ${weighty.length} frozen`;
}

function rateCell(layer: PlannedLayer | undefined): string {
  if (layer === undefined || layer.variables.length === 0) return '';
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
    plans.map(({ phase, rate, totals: total }) => [
      phase,
      rateWords(rate),
      count(total.trainable),
      count(total.frozen),
      count(total.statistics),
      count(total.parameters),
    ]),
  );
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
