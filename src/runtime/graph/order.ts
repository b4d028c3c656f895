import { sourceOf } from './pattern.js';
import type { NodeMessage } from './proto.js';

/** Each node after those that it takes from. */
export function orderOf(nodes: ReadonlyMap<string, NodeMessage>): NodeMessage[] {
  const done = new Set<string>();
  const ordered: NodeMessage[] = [];
  for (const first of nodes.values()) {
    const stack = [first];
    while (stack.length > 0) {
      const node = stack.at(-1) as NodeMessage;
      const waiting = done.has(node.getName())
        ? []
        : node.getInputList().flatMap((place) => {
            const source = nodes.get(sourceOf(place));
            return source === undefined || done.has(source.getName()) ? [] : [source];
          });
      if (waiting.length > 0) {
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (done.has(node.getName())) continue;
      done.add(node.getName());
      ordered.push(node);
    }
  }
  return ordered;
}
