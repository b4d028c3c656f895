const CALL = /^(Stateful)?PartitionedCall(_\d+)?$/;
const READ = /^(ReadVariableOp(_\d+)?|resource|read|Enter)$/;
/** Layers with weights are called by their scope, even where the scope holds others (`Conv` beside `Conv/BatchNorm`). */
const WEIGHTED = new Set(['conv', 'dense', 'bn']);

/**
 * Gives layers short and unique names from the paths of nodes: `StatefulPartitionedCall/model/conv1/Conv2D` is `conv1`. The
 * function calls in a path, the scopes that all layers share, and the operation at its end are left out; the operation
 * stays where its scope holds other layers too, and scopes are joined by `_`.
 */
export function shortNames(paths: readonly string[]): (path: string, suffix: string) => string {
  const scopes = new Set(paths.map((path) => scopeOf(segments(path)).join('/')));
  const holding = new Set<string>();
  for (const scope of scopes) {
    const parts = scope.split('/');
    for (let length = 1; length < parts.length; length++) holding.add(parts.slice(0, length).join('/'));
  }
  const shared = sharedScopes([...scopes].filter((scope) => scope.includes('/')).map((scope) => scope.split('/')));
  const taken = new Set<string>();
  const free = (name: string): string => {
    taken.add(name);
    return name;
  };
  return (path, suffix) => {
    const parts = segments(path);
    const scope = scopeOf(parts);
    const chosen = holding.has(scope.join('/')) && !WEIGHTED.has(suffix) ? parts : scope;
    const own =
      shared.every((part, at) => chosen[at] === part) && chosen.length > shared.length ? chosen.slice(shared.length) : chosen;
    const name = own.join('_').replaceAll(/[^\w.-]/g, '_') || suffix;
    if (!taken.has(name)) return free(name);
    if (!taken.has(`${name}_${suffix}`)) return free(`${name}_${suffix}`);
    let count = 2;
    while (taken.has(`${name}_${suffix}_${count}`)) count++;
    return free(`${name}_${suffix}_${count}`);
  };
}

/** The scopes of a path as a person would write them, joined as in a layer's name; for finding a node by a short name. */
export function spokenNames(path: string): readonly string[] {
  const parts = segments(path);
  return [parts.join('_'), scopeOf(parts).join('_')];
}

function segments(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && !CALL.test(part));
  while (parts.length > 1 && READ.test(parts.at(-1) ?? '')) parts.pop();
  return parts;
}

/** Without the operation, and without the scope that `tf.nn.batch_normalization` opens for its own. */
function scopeOf(parts: readonly string[]): string[] {
  const scope = parts.length > 1 ? parts.slice(0, -1) : [...parts];
  return scope.length > 1 && scope.at(-1) === 'batchnorm' ? scope.slice(0, -1) : scope;
}

/** The leading scopes that all have in common, leaving each at least one part. */
function sharedScopes(scopes: readonly (readonly string[])[]): readonly string[] {
  const [first] = scopes;
  if (first === undefined || scopes.length === 1) return first?.slice(0, -1) ?? [];
  let length = 0;
  while (scopes.every((scope) => scope.length > length + 1 && scope[length] === first[length])) length++;
  return first.slice(0, length);
}
