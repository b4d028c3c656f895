import { UserError } from '../errors.js';
import { inDoubles } from '../heads/linear-algebra.js';
import { scaleToUnit } from '../heads/unit.js';
import { forEachMetric, type Metric, metrics, metricsOfRanks } from './metrics.js';
import { relevantRanks } from './ranks.js';

/** The figures of every query; all arrays run over the queries. */
export interface PerQuery {
  /** The row of each query among the embeddings, ascending. */
  readonly rows: Int32Array;
  /** Images that asked nothing, because no other image is a right answer to them. They stay among the answers. */
  readonly leftOut: number;
  readonly values: Readonly<Record<Metric, Float64Array>>;
}

/** Means over the queries, with their number, as `scores.json` holds them. */
export type Scores = Record<Metric, number> & { queries: number; left_out: number };

// Similarities that are held at a time, in doubles: 32 MiB.
const BLOCK_VALUES = 1 << 22;
const BLOCK_ROWS = 512;

/**
 * Leave-one-out retrieval over one set: each image in turn is the query, all others are ordered by cosine similarity
 * (equal ones by index), and those of its class are the right answers.
 *
 * Similarities are computed in double precision, block by block of queries, so that memory grows with the number of images
 * and not with its square, and so that the order does not depend on the device.
 *
 * @param embeddings row-major [images, dimensions]; need not be of unit length
 * @param labels [images], any integers
 * @param groups [images], −1 for none. Given, images of the query's class *and* group are no answers at all, neither right nor wrong:
 *   the same camera's other shots of a person, the same product's other angles (Zheng et al. 2015, Market-1501, §4.1)
 * @throws UserError where an embedding is not finite, or no class has two images
 */
export function retrieve(embeddings: Float32Array, dimensions: number, labels: Int32Array, groups?: Int32Array): PerQuery {
  const images = labels.length;
  if (embeddings.length !== images * dimensions) {
    throw new RangeError(`${embeddings.length} values are not ${images} rows of ${dimensions}`);
  }
  const unit = finiteUnitRows(embeddings, dimensions);
  const members = membersOf(labels);
  const classOf = (row: number) => members.get(labels[row] as number) as number[];
  const alike = (row: number, other: number) =>
    row === other || (groups !== undefined && groups[row] !== -1 && groups[row] === groups[other]);
  const rightOf = (row: number) => classOf(row).filter((other) => !alike(row, other));
  const rows = Int32Array.from(labels.keys()).filter((row) => classOf(row).some((other) => !alike(row, other)));
  if (rows.length === 0) {
    throw new UserError({
      what: `nothing can be retrieved: no class of the evaluated set has two images${groups === undefined ? '' : ' of two groups'}`,
      found: `${images} images of ${members.size} classes`,
      mend:
        groups === undefined
          ? 'give at least two images to each class that is evaluated'
          : 'give each class images of two groups, or do not leave groups out',
    });
  }
  const values = forEachMetric(() => new Float64Array(rows.length));
  const blockRows = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_VALUES / images)));
  inDoubles((outer) => {
    const gallery = outer.put(unit, images, dimensions);
    for (let first = 0; first < rows.length; first += blockRows) {
      const queries = rows.subarray(first, first + blockRows);
      const block = new Float64Array(queries.length * dimensions);
      queries.forEach((row, at) => block.set(unit.subarray(row * dimensions, (row + 1) * dimensions), at * dimensions));
      const similarities = inDoubles((inner) =>
        inner.get(inner.multiply(inner.put(block, queries.length, dimensions), gallery, { transposeB: true })),
      );
      queries.forEach((row, at) => {
        const leftOut = classOf(row).filter((other) => alike(row, other));
        const ranks = relevantRanks(similarities.subarray(at * images, (at + 1) * images), rightOf(row), leftOut);
        const figures = metricsOfRanks(ranks);
        for (const metric of metrics) values[metric][first + at] = figures[metric];
      });
    }
  });
  return { rows, leftOut: images - rows.length, values };
}

/** The mean of each metric over the queries. */
export function summarise(perQuery: PerQuery): Scores {
  const queries = perQuery.rows.length;
  const mean = (metric: Metric) => perQuery.values[metric].reduce((sum, value) => sum + value, 0) / queries;
  return { ...forEachMetric(mean), queries, left_out: perQuery.leftOut };
}

/** Rows scaled to unit length in double precision; a row of zeros stays one. */
function finiteUnitRows(embeddings: Float32Array, dimensions: number): Float64Array {
  const unit = Float64Array.from(embeddings);
  for (let first = 0; first < unit.length; first += dimensions) {
    if (Number.isFinite(scaleToUnit(unit.subarray(first, first + dimensions)))) continue;
    throw new UserError({
      what: 'an embedding of the evaluated images is not made of finite numbers',
      mend: 'the network has most likely diverged: lower `rate`, or freeze more',
    });
  }
  return unit;
}

function membersOf(labels: Int32Array): Map<number, number[]> {
  const members = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = members.get(label);
    if (rows === undefined) members.set(label, [row]);
    else rows.push(row);
  });
  return members;
}
