import { UserError } from '../../errors.js';
import { type GraphNode, splitReference, type TensorflowGraph } from './graph.js';

/**
 * The nodes that the outputs need, each after all that it takes. A node that is missing, and a cycle, are errors that name
 * the node. Takes no stack of its own, so the depth of a graph costs nothing.
 */
export function nodesBelow(graph: TensorflowGraph, outputs: readonly string[], where: string): GraphNode[] {
  const order: GraphNode[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack: { node: GraphNode; next: number }[] = [];
  const enter = (reference: string, by: string): void => {
    const [name] = splitReference(reference);
    const known = state.get(name);
    if (known === 'done') return;
    const node = graph.nodes.get(name);
    if (node === undefined)
      throw new UserError({
        where,
        what: `${by} takes '${name}', which is not in the graph`,
        mend: 'fetch or convert the model again',
      });
    if (known === 'open')
      throw new UserError({
        where,
        what: `the graph has a cycle through ${node.op} '${name}'`,
        expected: 'a network without loops',
      });
    state.set(name, 'open');
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    enter(output, 'the output');
    while (stack.length > 0) {
      const top = stack.at(-1) as { node: GraphNode; next: number };
      const input = top.node.inputs[top.next++];
      if (input !== undefined) enter(input, `${top.node.op} '${top.node.name}'`);
      else {
        state.set(top.node.name, 'done');
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
