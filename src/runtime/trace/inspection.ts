import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphBuilder } from '../graph/builder.js';

/** Where a node of a graph comes from. */
export interface NodeNote {
  /** The place in the source that asked for it; empty where that was not wanted. */
  readonly line: string;
  /** Of its outputs; −1 is a size that is not known before the graph runs. */
  readonly shapes: readonly (readonly number[])[];
}

/** The variable of the environment that names a folder: then every traced graph is written into it. `ft … --debug` sets it. */
export const GRAPHS_FOLDER = 'FT_DEBUG_GRAPHS';

export function graphsFolder(): string | undefined {
  return process.env[GRAPHS_FOLDER] || undefined;
}

let written = 0;

/**
 * Writes the graph of some functions as it will be run, all passes over it done: `NAME.pb`, a GraphDef for TensorBoard, Netron or Python, and `NAME.txt`, a line for each
 * node: operation, name, shapes of its outputs, inputs, place in the source. What the tracer did not write itself (variables, constants, casts of
 * a precision) has neither shape nor place.
 */
export function writeGraph(
  folder: string,
  graph: GraphBuilder,
  functions: ReadonlyMap<string, { readonly notes: ReadonlyMap<string, NodeNote> }>,
): void {
  const notes = new Map([...functions.values()].flatMap((one) => [...one.notes]));
  const rows = graph.nodes().map((node) => {
    const note = notes.get(node.getName());
    const shapes = note?.shapes.map((shape) => `[${shape.join(', ')}]`).join(' ');
    return [node.getOp(), node.getName(), shapes ?? '', node.getInputList().join(' '), note?.line ?? ''];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const text = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  mkdirSync(folder, { recursive: true });
  // Processes of one command (a series over seeds) write into one folder.
  const path = join(folder, `${process.pid}-${++written}-${[...functions.keys()].join('-')}`);
  writeFileSync(`${path}.pb`, graph.graphDef());
  writeFileSync(`${path}.txt`, `${text.join('\n')}\n`);
}
