import { InvalidArgumentError } from 'commander';

/** A share as a person types it. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < 1)) throw new InvalidArgumentError('A share from 0 to 1, e.g. .2');
  return value;
}
