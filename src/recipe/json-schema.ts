/** The recipe's JSON Schema, for editors: completion, meanings on hover, faults while typing. */
import { z } from 'zod';
import { recipeFileSchema } from './schema.js';

/** The text of `recipes/schema.json` (`ft recipes schema` prints it; a test holds the file to it). */
export function recipeJsonSchema(): string {
  const schema = z.toJSONSchema(recipeFileSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify(partial({ title: 'A recipe of ft', ...schema }), null, 2)}\n`;
}

/** Without `required`, and with `anyOf` for `oneOf`: a recipe that extends another names only what it changes. */
function partial(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(partial);
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(key === 'required' && Array.isArray(value)))
      .map(([key, value]) => [key === 'oneOf' ? 'anyOf' : key, partial(value)]),
  );
}
