import { UserError } from '../errors.js';
import { shown } from './pytorch/bytes.js';

/** A text of JSON as a value. @throws UserError where it is none, or not all of it */
export function parsedJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError({
      where,
      what: 'it is not whole JSON',
      found: shown(error instanceof Error ? error.message : String(error)),
      mend: 'fetch or save it again',
    });
  }
}
