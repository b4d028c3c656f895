/** Looks into the schema: which keys a place may hold, and how a choice between forms is made there. */
import type { z } from 'zod';

interface Definition {
  type: string;
  innerType?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  items?: z.ZodType[];
  options?: z.ZodType[];
  in?: z.ZodType;
  values?: unknown[];
}

export function definitionOf(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schema without its default, null and optional wrappers. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType } = definitionOf(schema);
  return innerType === undefined ? schema : unwrap(innerType);
}

function field(value: unknown, key: PropertyKey): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

/** Of the forms that a place may take, the one that the value most likely was meant as. */
export function formFor(schema: z.ZodType, value: unknown): z.ZodType {
  const bare = unwrap(schema);
  const { options } = definitionOf(bare);
  if (options === undefined) return bare;
  const forms = options.map((option) => formFor(option, value));
  const mappings = forms.filter((form) => definitionOf(form).shape !== undefined);
  const ofKind =
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? mappings
      : forms.filter((form) => !mappings.includes(form));
  const named = ofKind.find((form) => {
    const name = definitionOf(form).shape?.name;
    return name !== undefined && definitionOf(name).values?.[0] === field(value, 'name');
  });
  const sharesKey = ofKind.find((form) =>
    Object.keys(definitionOf(form).shape ?? {}).some((key) => field(value, key) !== undefined),
  );
  return named ?? sharesKey ?? ofKind[0] ?? forms[0] ?? bare;
}

/** The schema at `path`, choosing among forms by what `value` holds; undefined where the schema knows no such place. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): z.ZodType | undefined {
  const form = formFor(schema, value);
  const [step, ...rest] = path;
  if (step === undefined) return form;
  const { shape, element, items } = definitionOf(form);
  const next = shape?.[String(step)] ?? items?.[Number(step)] ?? element;
  return next === undefined ? undefined : schemaAt(next, rest, field(value, step));
}

/** The keys that the mapping at `path` may hold. */
export function keysAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const at = schemaAt(schema, path, value);
  return at === undefined ? [] : Object.keys(definitionOf(at).shape ?? {});
}
