/** A recipe written out as YAML, every key with its meaning beside it. */
import { Document, isMap, isScalar, type Pair, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { type Recipe, recipeSchema } from './schema.js';
import { definitionOf, formFor } from './shape.js';

/** Mappings that read best on one line. */
const ONE_LINE = new Set(['freeze', 'optimizer', 'schedule', 'export']);

/** The whole recipe, with the schema's descriptions as comments. */
export function writeRecipe(recipe: Recipe): string {
  const document = new Document(recipe);
  explain(document.contents as unknown as YAMLMap, recipeSchema, recipe);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function explain(map: YAMLMap, schema: z.ZodType, value: unknown): void {
  const shape = definitionOf(formFor(schema, value)).shape ?? {};
  for (const pair of map.items as Pair[]) {
    const key = isScalar(pair.key) ? pair.key : undefined;
    const name = String(key?.value);
    const child = shape[name];
    if (key === undefined || child === undefined) continue;
    const text = descriptionOf(child);
    const block = isMap(pair.value) && !ONE_LINE.has(name);
    if (text !== undefined && block) key.commentBefore = ` ${text}`;
    if (text !== undefined && !block && pair.value !== null && typeof pair.value === 'object') {
      (pair.value as { comment?: string }).comment = ` ${text}`;
    }
    if (block) {
      key.spaceBefore = map.items[0] !== pair && schema === recipeSchema;
      explain(pair.value as YAMLMap, child, (value as Record<string, unknown>)[name]);
    } else if (pair.value !== null && typeof pair.value === 'object') (pair.value as { flow?: boolean }).flow = true;
  }
}

function descriptionOf(schema: z.ZodType): string | undefined {
  return schema.description ?? (definitionOf(schema).innerType as z.ZodType | undefined)?.description;
}
