import { UserError } from '../errors.js';
import { attr, GraphBuilder } from './graph/builder.js';
import { DT } from './graph/proto.js';
import { SESSION_TAG, Session } from './session.js';
import { divideProcessor, onCard } from './tensorflow.js';

/**
 * Sees to it that a graph can be spread over so many devices, by asking TensorFlow for a number from each.
 * @throws UserError where it has fewer
 */
export function requireDevices(count: number): void {
  // For tests: the processor in place of cards.
  const divided = Number(process.env.FT_CPU_DEVICES ?? 0);
  if (!onCard && divided >= count) divideProcessor(divided);
  for (let device = 0; device < count; device++) if (!isThere(device)) throw fewer(count, device);
}

function isThere(device: number): boolean {
  const graph = new GraphBuilder();
  const value = graph.constant('value', DT.float32, [], new Uint8Array(4));
  const there = graph.node('Neg', 'there', [value], { T: attr.type(DT.float32) });
  for (const node of graph.nodes()) node.setDevice(`/device:${onCard ? 'GPU' : 'CPU'}:${device}`);
  let session: Session | undefined;
  try {
    session = Session.fromGraph(graph.savedModel(SESSION_TAG));
    session.run([], [there]);
    return true;
  } catch (error) {
    if (/cannot assign a device/i.test((error as Error).message)) return false;
    throw error;
  } finally {
    session?.close();
  }
}

function fewer(wanted: number, found: number): UserError {
  return new UserError({
    what: onCard
      ? 'TensorFlow sees fewer NVIDIA cards than the recipe names'
      : 'the recipe names several NVIDIA cards, and none is used',
    where: 'devices',
    expected: `${wanted}`,
    found: onCard ? `${found}` : 'computing on the processor (ft doctor says why)',
    mend: onCard
      ? `--set devices='[${Array.from({ length: found }, (_, at) => at).join(', ')}]'; ft doctor lists the cards`
      : '--set devices=null',
  });
}
