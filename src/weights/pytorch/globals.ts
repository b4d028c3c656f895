import { type Refuse, shown } from './bytes.js';
import { PickledGlobal, PickledTuple, type PickleValue } from './pickle-values.js';
import { Storage, storageTypes } from './storage.js';
import { viewOf } from './tensor.js';

type Call = (args: readonly PickleValue[], refuse: Refuse) => PickleValue;

/** What a pickle may call. Each entry builds one of our own values; nothing of Python's is looked up or run. */
const calls: ReadonlyMap<string, Call> = new Map<string, Call>([
  [
    'collections.OrderedDict',
    (args, refuse) => {
      if (args.length > 0) refuse('an OrderedDict is made with arguments', { expected: 'none: its entries come after it' });
      return new Map();
    },
  ],
  [
    // (storage, offset, shape, strides, requires_grad, backward_hooks, metadata?)
    'torch._utils._rebuild_tensor_v2',
    (args, refuse) => {
      const [storage, offset, shape, strides] = args;
      if (!(storage instanceof Storage)) return refuse('a tensor is made of something that is no storage');
      if (!(shape instanceof PickledTuple) || !(strides instanceof PickledTuple))
        return refuse('a tensor has no shape or no strides', { expected: 'two tuples' });
      return viewOf(storage, offset, shape.items, strides.items, refuse);
    },
  ],
  [
    // (data, requires_grad, backward_hooks)
    'torch._utils._rebuild_parameter',
    ([data], refuse) => data ?? refuse('a parameter without a tensor'),
  ],
]);

/** Looks a global up; every one that is not in the short list is refused by its name, before anything is done with it. */
export function allowedGlobal(module: string, name: string, refuse: Refuse): PickledGlobal {
  const full = `${module}.${name}`;
  if (!calls.has(full) && !storageTypes.has(full)) {
    return refuse(`the pickle asks for ${shown(full)}, which is no tensor, dict, tuple, number or string; nothing was run`, {
      expected: [...calls.keys(), ...storageTypes.keys()].join(', '),
      mend: 'do not trust the file before you know why it asks; where it is yours: torch.save(model.state_dict(), …)',
    });
  }
  return new PickledGlobal(full);
}

/** What an allowed global gives for these arguments. */
export function callGlobal(callee: PickleValue | undefined, args: PickleValue | undefined, refuse: Refuse): PickleValue {
  if (!(callee instanceof PickledGlobal) || !(args instanceof PickledTuple))
    return refuse('the pickle calls something that is no function, or without a tuple of arguments');
  const call = calls.get(callee.name);
  if (call === undefined) return refuse(`the pickle calls '${callee.name}'`, { expected: [...calls.keys()].join(', ') });
  return call(args.items, refuse);
}
