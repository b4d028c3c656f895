import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recipeJsonSchema } from '../../src/recipe/json-schema.js';
import { recipesFolder } from '../../src/recipe/load.js';
import { recipeFileSchema } from '../../src/recipe/schema.js';
import { definitionOf, unwrap } from '../../src/recipe/shape.js';

describe('the JSON Schema of recipes', () => {
  it('is the one beside them (else: ft recipes schema > recipes/schema.json)', () => {
    expect(readFileSync(`${recipesFolder}schema.json`, 'utf8')).toBe(recipeJsonSchema());
  });

  it('asks for no key, since a recipe may extend another, and knows no others than its own', () => {
    const schema = JSON.parse(recipeJsonSchema()) as {
      required?: unknown;
      additionalProperties: boolean;
      properties: Record<string, { description: string }>;
    };
    expect(recipeJsonSchema()).not.toContain('"required"');
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toContain('extends');
  });

  it('gives every key its meaning', () => {
    const without: string[] = [];
    const visit = (schema: Parameters<typeof unwrap>[0], path: string): void => {
      const { shape, options, element } = definitionOf(unwrap(schema));
      for (const [key, child] of Object.entries(shape ?? {})) {
        const described = child.description ?? (definitionOf(child).innerType as typeof child | undefined)?.description;
        if (described === undefined && key !== 'name') without.push(`${path}${key}`);
        visit(child, `${path}${key}.`);
      }
      for (const child of [...(options ?? []), ...(element === undefined ? [] : [element])]) visit(child, path);
    };
    visit(recipeFileSchema, '');
    expect(without).toEqual([]);
  });
});
