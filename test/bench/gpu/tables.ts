import { wordsOf } from '../cases.js';
import { median, type Spread, spread } from '../figures.js';
import { markdown } from '../report.js';
import { type GpuCase, keyOf, WAY_NAMES, WAYS, type WayName } from './cases.js';
import type { Measurement } from './state.js';

const NONE = '–';

/** ft's fastest way ÷ PyTorch's, by their medians, round by round; null where one of the two was not measured. */
export function bestRatio(measured: readonly Measurement[]): (Spread & { ft: WayName; pytorch: WayName }) | null {
  const speeds = (way: WayName) => measured.filter((one) => one.way === way);
  const fastest = (engine: 'ft' | 'pytorch') =>
    WAY_NAMES.filter((way) => WAYS[way].engine === engine && speeds(way).length > 0).toSorted(
      (a, b) => middle(speeds(b)) - middle(speeds(a)),
    )[0];
  const [ft, pytorch] = [fastest('ft'), fastest('pytorch')];
  if (ft === undefined || pytorch === undefined) return null;
  const ratios = speeds(ft).flatMap(({ round, imagesPerSecond }) => {
    const other = speeds(pytorch).find((one) => one.round === round);
    return other === undefined ? [] : [imagesPerSecond / other.imagesPerSecond];
  });
  return ratios.length === 0 ? null : { ...spread(ratios), ft, pytorch };
}

const middle = (measured: readonly Measurement[]) => median(measured.map(({ imagesPerSecond }) => imagesPerSecond));
const short = (value: number) => value.toFixed(value < 100 ? 1 : 0);

/** A case in the first cell of its row. */
export const caseWords = (one: GpuCase) => `${one.kind === 'phase' ? 'phase of ' : ''}${one.network}, ${wordsOf(one)}`;

/** A row a case of all that are measured: speed and what is the fastest, the share of the card's peak, the card's memory. */
export function gpuTables(cases: readonly GpuCase[], measured: readonly Measurement[], peakTeraflops: number) {
  const of = (one: GpuCase) => measured.filter(({ key }) => key === keyOf(one));
  const shown = cases.filter((one) => of(one).length > 0);
  const cells = (one: GpuCase, cell: (some: readonly Measurement[]) => string) =>
    WAY_NAMES.map((way) => {
      const some = of(one).filter((each) => each.way === way);
      return some.length === 0 ? NONE : cell(some);
    });
  const speed = (some: readonly Measurement[]) => {
    const { median: mid, min, max } = spread(some.map(({ imagesPerSecond }) => imagesPerSecond));
    return some.length === 1 ? short(mid) : `${short(mid)} (${short(min)}–${short(max)})`;
  };
  const ratio = (one: GpuCase) => {
    const best = bestRatio(of(one));
    if (best === null) return [NONE, NONE];
    return [
      `**${best.median.toFixed(2)}** (${best.min.toFixed(2)}–${best.max.toFixed(2)})`,
      `${WAYS[best.ft].words} ÷ ${WAYS[best.pytorch].words}`,
    ];
  };
  const share = (one: GpuCase) => {
    const operations = of(one).find((each) => each.operations !== undefined)?.operations;
    return cells(one, (some) =>
      operations === undefined ? NONE : ((middle(some) * operations) / peakTeraflops / 1e10).toPrecision(2),
    );
  };
  const memory = (some: readonly Measurement[]) => {
    const most = some.flatMap(({ cardMiB }) => cardMiB ?? []);
    return most.length === 0 ? NONE : Math.max(...most).toFixed(0);
  };
  const heads = WAY_NAMES.map((way) => WAYS[way].words);
  const table = (title: string, extra: readonly string[], row: (one: GpuCase) => string[]) => ({
    titles: [title, ...heads, ...extra],
    rows: shown.map((one) => [caseWords(one), ...row(one)]),
  });
  return {
    speed: table('images/s', ['ft ÷ PyTorch, best of each', 'which'], (one) => [...cells(one, speed), ...ratio(one)]),
    share: table('% of the peak', [], share),
    memory: table('memory of the card, MiB', [], (one) => cells(one, memory)),
  };
}

/** The three tables as the document has them; shares of steps alone, since a phase does more than its steps. */
export function gpuSection(
  cases: readonly GpuCase[],
  measured: readonly Measurement[],
  peakTeraflops: number,
  foot: string,
): string {
  const { speed, share, memory } = gpuTables(cases, measured, peakTeraflops);
  const steps = { ...share, rows: share.rows.filter((row) => row.slice(1).some((cell) => cell !== NONE)) };
  const missing = cases.filter((one) => !measured.some(({ key }) => key === keyOf(one))).map(caseWords);
  return [
    ...[speed, steps, memory].map(({ titles, rows }) =>
      markdown(titles, rows, titles.at(-1) === 'which' ? [0, titles.length - 1] : 0),
    ),
    missing.length === 0 ? foot : `${foot} Not measured yet: ${missing.join('; ')}.`,
  ].join('\n\n');
}
