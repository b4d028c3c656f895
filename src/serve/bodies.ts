import { Refusal } from './refusal.js';

/** The bodies that are held in memory at one time. */
export interface Bodies {
  /**
   * Makes room for a body before a byte of it is read.
   * @param announced its Content-Length; undefined where it does not say: it then counts as the largest that is allowed
   * @returns gives the room back; may be called again
   * @throws Refusal 503 where there is none
   */
  enter(announced: number | undefined): () => void;
}

/**
 * @param largest bytes of one body, at most
 * @param most bytes of all, at most; one always has room
 */
export function createBodies(largest: number, most: number): Bodies {
  let held = 0;
  return {
    enter(announced) {
      // One that is larger is refused anyway, before it is whole.
      const bytes = Math.min(announced ?? largest, largest);
      if (held > 0 && held + bytes > most)
        throw new Refusal(503, { what: 'the server is busy', mend: 'try again' }, { 'Retry-After': '1', Connection: 'close' });
      held += bytes;
      let left = false;
      return () => {
        if (!left) held -= bytes;
        left = true;
      };
    },
  };
}
