import type { OnnxNode } from './graph.js';

/** A name longer than this is cut. */
const LONGEST = 80;

/**
 * Short names for the layers of a file's nodes, each once. `/layer1/layer1.0/conv1/Conv` (PyTorch's scopes) is `layer1.0.conv1`,
 * `StatefulPartitionedCall/model/block1_conv1/Conv2D:0` (TensorFlow's) `block1_conv1`, where all begin so; a plain name stays;
 * a number has the operation before it.
 */
export function shortNames(nodes: readonly OnnxNode[]): (node: OnnxNode) => string {
  const paths = nodes.map(pathOf);
  const common = commonStart(paths);
  const modules = paths.map((path) => moduleOf(path.slice(Math.min(common, path.length - 1))));
  const containers = new Set<string>();
  for (const { scope } of modules) {
    for (let at = scope.length - 1; at > 0; at--) containers.add(scope.slice(0, at).join('.'));
  }
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const [at, node] of nodes.entries()) {
    const { scope, operation } = modules[at] as ReturnType<typeof moduleOf>;
    const joined = scope.join('.');
    const plain =
      joined === '' || containers.has(joined) || taken.has(joined) ? [joined, operation ?? node.op.toLowerCase()] : [joined];
    const name = plain
      .filter((part) => part !== '')
      .join('.')
      .replaceAll(/[^\w.-]/g, '_')
      .slice(0, LONGEST);
    names.set(node.output, once(/^\d*$/.test(name) ? `${node.op.toLowerCase()}${name === '' ? '' : `_${name}`}` : name, taken));
  }
  return (node) => names.get(node.output) ?? node.output;
}

function once(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}_${count}`;
  taken.add(free);
  return free;
}

/** The components of a node's output; of its name where that is a path and the output none. */
function pathOf({ name, output }: OnnxNode): string[] {
  const tensor = output.replace(/:\d+$/, '').replace(/_output_\d+$/, '');
  const path = !tensor.includes('/') && name.startsWith('/') ? name : tensor;
  const parts = path
    .slice(0, 1000)
    .split('/')
    .filter((part) => part !== '');
  return parts.length === 0 ? [''] : parts;
}

/** Components that all paths begin with. */
function commonStart(paths: readonly string[][]): number {
  const [first = []] = paths;
  let common = 0;
  while (
    first[common] !== undefined &&
    paths.length > 1 &&
    paths.every((path) => path.length > common + 1 && path[common] === first[common])
  )
    common++;
  return common;
}

/** PyTorch repeats the outer modules in the names of the inner ones; the last component is the operation, where there are several. */
function moduleOf(path: readonly string[]): { scope: readonly string[]; operation: string | undefined } {
  if (path.length === 1) return { scope: path, operation: undefined };
  const modules = path.slice(0, -1);
  const scope = modules.filter((part, at) => !(modules[at + 1]?.startsWith(`${part}.`) ?? false));
  return { scope: scope.flatMap((part) => part.split('.')), operation: path.at(-1)?.toLowerCase() };
}
