import { closeSync, fstatSync, openSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../errors.js';
import { readInto } from '../byte-source.js';
import { shown } from '../pytorch/bytes.js';
import type { ExternalData } from './tensors.js';

/** Weights in files inside the folder of the model: a path that leads out of it, by itself or over a link, is refused. */
export function externalIn(folder: string): ExternalData {
  return (location, offset, length, where) => {
    const refuse = (what: string, found: string, expected?: string): never => {
      throw new UserError({ where, what, found, ...(expected === undefined ? {} : { expected }) });
    };
    const inside = 'a path inside the folder of the model';
    if (
      location === '' ||
      location.includes('\0') ||
      isAbsolute(location) ||
      leadsOut(relative(resolve(folder), join(resolve(folder), location)))
    )
      refuse('they lie outside the folder of the model', shown(location), inside);
    let file: number;
    try {
      const path = realpathSync(join(folder, location));
      if (leadsOut(relative(realpathSync(folder), path)))
        refuse('they lie outside the folder of the model', shown(location), inside);
      file = openSync(path, 'r');
    } catch (error) {
      if (error instanceof UserError) throw error;
      return refuse(`the file ${shown(location)} beside the model cannot be read`, (error as Error).message.slice(0, 200));
    }
    try {
      const status = fstatSync(file);
      const count = length ?? status.size - offset;
      if (!status.isFile() || count < 0 || offset + count > status.size)
        refuse(`they reach beyond the file ${shown(location)}`, `${status.size} bytes`, `${offset + count} bytes or more`);
      const bytes = Buffer.alloc(count);
      const read = readInto(bytes, file, offset);
      if (read < count) refuse(`the file ${shown(location)} ends while it is read`, `${offset + read} bytes`);
      return bytes;
    } finally {
      closeSync(file);
    }
  };
}

/** For a model that is bytes alone. */
export const noExternal: ExternalData = (location, _offset, _length, where) => {
  throw new UserError({
    where,
    what: 'they lie in another file',
    found: shown(location),
    mend: 'read the model by its path, with that file beside it',
  });
};

function leadsOut(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
