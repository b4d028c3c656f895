/** Values that know where they were written, so that a fault found after merging still points at its line. */

/** A value of a YAML file or of the command line. `where` is file:line:column of the value, `keyWhere` that of its key. */
export interface Located {
  readonly value: unknown | readonly Located[] | ReadonlyMap<string, Located>;
  readonly where: string;
  readonly keyWhere?: string;
}

export function isMap(node: Located): node is Located & { value: ReadonlyMap<string, Located> } {
  return node.value instanceof Map;
}

function isList(node: Located): node is Located & { value: readonly Located[] } {
  return Array.isArray(node.value);
}

/** Keys of which a mapping can hold only one: writing one takes the other, where it was inherited, away. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ['until', 'only'],
  ['only', 'until'],
];

/**
 * `over` laid upon `base`: mappings key by key, everything else replaced whole (lists too). A mapping whose `name` changes is
 * replaced whole as well: the momentum of one optimizer means nothing to another.
 */
export function merge(base: Located, over: Located): Located {
  if (!isMap(base) || !isMap(over)) return over;
  const oldName = base.value.get('name');
  const newName = over.value.get('name');
  if (oldName !== undefined && newName !== undefined && oldName.value !== newName.value) return over;
  const merged = new Map(base.value);
  for (const [given, dropped] of EXCLUSIVE) if (over.value.has(given)) merged.delete(dropped);
  for (const [key, node] of over.value) {
    const under = merged.get(key);
    merged.set(
      key,
      under === undefined ? node : { ...merge(under, node), ...(node.keyWhere ? { keyWhere: node.keyWhere } : {}) },
    );
  }
  return { ...over, value: merged };
}

/** The value without its places. */
export function plain(node: Located): unknown {
  if (isMap(node)) return Object.fromEntries([...node.value].map(([key, child]) => [key, plain(child)]));
  if (isList(node)) return node.value.map(plain);
  return node.value;
}

/** A plain value that was all written at one place. */
export function locatedAt(value: unknown, where: string): Located {
  if (Array.isArray(value)) return { value: value.map((child) => locatedAt(child, where)), where };
  if (value !== null && typeof value === 'object') {
    return {
      value: new Map(Object.entries(value).map(([key, child]) => [key, { ...locatedAt(child, where), keyWhere: where }])),
      where,
    };
  }
  return { value, where };
}

/** The node at `path`, or the deepest one on the way to it; `found` says which. */
export function locate(root: Located, path: readonly PropertyKey[]): { node: Located; found: boolean } {
  let node = root;
  for (const step of path) {
    const next = isMap(node) ? node.value.get(String(step)) : isList(node) ? node.value[Number(step)] : undefined;
    if (next === undefined) return { node, found: false };
    node = next;
  }
  return { node, found: true };
}
