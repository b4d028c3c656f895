import { type Html, html } from '../page/shell.js';
import { bothWidths, chart, Plot } from './chart.js';
import type { LayerOfPlan, PlanOfPhase } from './input.js';
import { figureOf, keys, type Section, section, table } from './section.js';
import { counted, rateText, rowInWords, size } from './words.js';

const FROZEN = 'color-mix(in srgb, var(--neutral) 30%, var(--paper))';

/** What was trained and what was not: the layers of each phase as a row of blocks, and the same by stage in a table. */
export function planSection(plans: readonly PlanOfPhase[]): Section | null {
  if (plans.length === 0) return null;
  return section(
    'plan',
    'What was trained',
    'The layers that hold weights, from the image (left) to the head (right). A block is as high as the logarithm of its parameters; the stronger its colour, the faster it learns.',
    plans.map(phaseOf),
  );
}

function phaseOf(plan: PlanOfPhase): Html {
  const layers = plan.layers.filter(({ parameters, kind }) => parameters > 0 && kind !== 'batch-norm');
  const total = sum(plan.layers);
  const frozen = sum(plan.layers.filter((layer) => layer.frozen));
  const rates = [...new Set(layers.flatMap(({ rate }) => (rate === null ? [] : [rate])))].sort((a, b) => a - b);
  const { proof } = plan;
  const proved =
    proof === null || proof.frozen === 0
      ? ''
      : proof.unchanged
        ? `; ${counted(proof.frozen, 'variable')} proved unchanged, byte by byte`
        : '; FROZEN VARIABLES MOVED';
  const statistics = plan.layers.some(({ kind }) => kind === 'batch-norm')
    ? ` Statistics of BatchNorm: ${plan.batchNorm === 'train' ? 'moved above the frozen part' : 'kept'}.`
    : '';
  const note = `${size(frozen)} of ${size(total)} parameters frozen${proved}.${statistics}`;
  return html`${figureOf(
    `${rowInWords(plan.phase)}${plan.from > 1 ? `, from epoch ${plan.from}` : ''}`,
    note,
    html`${keys([['frozen', FROZEN], ...rates.map((rate): [string, string] => [`rate ${rateText(rate)}`, colour(rate, rates)])])}${bothWidths((width) => blocks(plan.phase, layers, rates, width))}`,
  )}
${byStage(plan, rates)}`;
}

interface Stage {
  readonly stage: string;
  readonly from: number;
  readonly to: number;
  readonly frozen: boolean;
}

/** The more, the stronger; with one rate alone the full colour. */
function colour(rate: number, rates: readonly number[]): string {
  const share = rates.length < 2 ? 1 : 0.3 + (0.7 * rates.indexOf(rate)) / (rates.length - 1);
  return `color-mix(in srgb, var(--series-2) ${Math.round(share * 100)}%, var(--paper))`;
}

function blocks(phase: string, layers: readonly LayerOfPlan[], rates: readonly number[], width: number): Html {
  const boxes = layers.map((layer, at) => ({
    ...layer,
    at,
    height: Math.log10(1 + layer.parameters),
    colour: layer.rate === null ? FROZEN : colour(layer.rate, rates),
    text: `${layer.name} (${layer.kind}, ${layer.stage}): ${size(layer.parameters)} parameters, gives ${layer.outputShape.join(' × ')}, ${layer.rate === null ? 'frozen' : `rate ${rateText(layer.rate)}`}`,
  }));
  const stages = [...new Set(layers.map(({ stage }) => stage))].map((stage): Stage => {
    const own = boxes.filter((box) => box.stage === stage);
    return { stage, from: own[0]?.at ?? 0, to: (own.at(-1)?.at ?? 0) + 1, frozen: own.every(({ rate }) => rate === null) };
  });
  const inset = width > 600 ? 1 : 0.4;
  // A name is written where its stage is wide enough for it.
  const room = (width - 16) / Math.max(1, boxes.length);
  const named = stages.filter(({ stage, from, to }) => to < boxes.length && (to - from) * room > stage.length * 6.2);
  const head = stages.slice(-1);
  return chart(
    `Layers of the network in ${rowInWords(phase)}: ${stages.map(({ stage, frozen }) => `${stage} ${frozen ? 'frozen' : 'trained'}`).join(', ')}`,
    {
      width,
      height: 132,
      marginLeft: 8,
      marginRight: 8,
      marginTop: 6,
      marginBottom: 30,
      x: { axis: null, domain: [0, boxes.length] },
      y: { axis: null, domain: [0, Math.max(...boxes.map(({ height }) => height), 1)] },
      marks: [
        Plot.rect(boxes, {
          x1: 'at',
          x2: (box: (typeof boxes)[number]) => box.at + 1,
          y1: 0,
          y2: 'height',
          fill: 'colour',
          insetLeft: inset,
          insetRight: inset,
          rx: 1.5,
          title: 'text',
        }),
        Plot.ruleY(stages, {
          x1: 'from',
          x2: 'to',
          y: 0,
          stroke: 'var(--quiet)',
          insetLeft: 2,
          insetRight: 2,
          dy: 5,
        } as Plot.RuleYOptions),
        Plot.text(named, { x: (stage: Stage) => (stage.from + stage.to) / 2, y: 0, text: 'stage', dy: 17, fill: 'var(--quiet)' }),
        Plot.text(head, { x: 'to', y: 0, text: 'stage', dy: 17, textAnchor: 'end', fill: 'var(--quiet)' }),
      ],
    },
  );
}

function byStage(plan: PlanOfPhase, rates: readonly number[]): Html {
  const stages = [...new Set(plan.layers.map(({ stage }) => stage))];
  return table(
    [
      { text: 'stage' },
      { text: 'output' },
      { text: 'layers with weights', number: true },
      { text: 'parameters', number: true },
      { text: 'trained', number: true },
      { text: 'rate', number: true },
    ],
    stages.map((stage) => {
      const own = plan.layers.filter((layer) => layer.stage === stage);
      const weighted = own.filter(({ parameters }) => parameters > 0);
      const trained = sum(weighted.filter(({ frozen }) => !frozen));
      const used = rates.filter((rate) => own.some((layer) => layer.rate === rate));
      return {
        cells: [
          stage,
          own.at(-1)?.outputShape.join(' × ') ?? '',
          weighted.length,
          size(sum(weighted)),
          trained === 0 ? 'frozen' : size(trained),
          used.length === 0 ? '–' : used.map(rateText).join(', '),
        ],
      };
    }),
  );
}

function sum(layers: readonly LayerOfPlan[]): number {
  return layers.reduce((total, { parameters }) => total + parameters, 0);
}
