/** Turns what the schema finds wrong into faults: where it was written, what was expected, what was found. */
import type { z } from 'zod';
import { type Fault, nearestName } from '../errors.js';
import { type Located, locate, plain } from './located.js';
import { definitionOf, formFor, keysAt, schemaAt } from './shape.js';

type Issue = z.core.$ZodIssue;

/** One fault for each thing that is wrong; an unknown key for each key. */
export function faultsOf(issues: readonly Issue[], root: Located, schema: z.ZodType): Fault[] {
  const value = plain(root);
  return issues.flatMap((issue) => faultsOfIssue(issue, root, schema, value));
}

function faultsOfIssue(issue: Issue, root: Located, schema: z.ZodType, value: unknown): Fault[] {
  const { node, found } = locate(root, issue.path);
  const name = pathName(issue.path);
  const at = (what: string, expected: string, mend?: string): Fault => ({
    what,
    where: node.where,
    expected,
    ...(found ? { found: describeValue(plain(node)) } : {}),
    ...(mend === undefined ? {} : { mend }),
  });
  if (!found && issue.code !== 'unrecognized_keys') {
    return [{ what: `the key '${name}' is missing`, where: node.where, expected: expectedOf(issue, schema, value) }];
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const keys = keysAt(schema, issue.path, value);
        const near = nearestName(key, keys);
        return {
          what: `unknown key '${pathName([...issue.path, key])}'`,
          where: locate(root, [...issue.path, key]).node.keyWhere ?? node.where,
          expected: keys.join(', '),
          mend: near === undefined ? `take the key '${key}' away` : `did you mean '${near}'?`,
        };
      });
    case 'invalid_value': {
      const near = nearestName(String(plain(node)), issue.values.map(String));
      return [at(`'${name}' has an unknown value`, expectedOf(issue, schema, value), near && `did you mean '${near}'?`)];
    }
    case 'invalid_union':
      return unionFaults(issue, root, schema, value, at);
    case 'custom':
      return [at(`'${name}' has a wrong value`, issue.message)];
    default:
      return [at(`'${name}' has a wrong value`, expectedOf(issue, schema, value))];
  }
}

/** A place with several forms: faults of the form that was meant, or the list of forms. */
function unionFaults(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  root: Located,
  schema: z.ZodType,
  value: unknown,
  at: (what: string, expected: string, mend?: string) => Fault,
): Fault[] {
  const name = pathName(issue.path);
  const { node } = locate(root, issue.path);
  const here = plain(node);
  const union = schemaBefore(schema, issue.path, value);
  const forms = union === undefined ? [] : (definitionOf(union).options ?? []);
  if ('discriminator' in issue && typeof issue.discriminator === 'string' && issue.errors.length === 0) {
    const names = (issue as unknown as { options?: unknown[] }).options?.map(String) ?? [];
    const near = nearestName(String(here), names);
    return [at(`'${name}' has an unknown value`, names.join(', '), near && `did you mean '${near}'?`)];
  }
  if (here !== null && typeof here === 'object' && 'until' in here && 'only' in here) {
    return [at(`'${name}' holds both 'until' and 'only'`, 'one of the two', "take 'until' or 'only' away")];
  }
  const meant = union === undefined ? -1 : forms.findIndex((form) => formFor(form, here) === formFor(union, here));
  const inner = meant >= 0 ? (issue.errors[meant] ?? []) : [];
  const rooted = inner.some((problem) => problem.path.length === 0 && problem.code === 'invalid_type');
  if (inner.length === 0 || rooted || inner.some((problem) => problem.code === 'invalid_value' && problem.path.length === 0)) {
    const words = forms.map(formWords);
    const near = nearestName(
      String(here),
      forms.flatMap((form) => (definitionOf(form).values ?? []).map(String)),
    );
    return [at(`'${name}' has a wrong value`, words.join(', or '), near && `did you mean '${near}'?`)];
  }
  return inner.flatMap((problem) =>
    faultsOfIssue({ ...problem, path: [...issue.path, ...problem.path] } as Issue, root, schema, value),
  );
}

/** The schema at a path with its forms still in it. */
function schemaBefore(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): z.ZodType | undefined {
  const parent = schemaAt(schema, path.slice(0, -1), value);
  const last = path.at(-1);
  if (parent === undefined || last === undefined) return parent;
  const { shape, element } = definitionOf(parent);
  const child = shape?.[String(last)] ?? element;
  let bare = child;
  while (bare !== undefined && definitionOf(bare).innerType !== undefined) bare = definitionOf(bare).innerType;
  return bare;
}

function formWords(form: z.ZodType): string {
  const { values, shape, type } = definitionOf(form);
  if (values !== undefined) return values.map(String).join(', ');
  if (shape !== undefined) return `{ ${Object.keys(shape).join(', ')} }`;
  return typeWords(type);
}

function expectedOf(issue: Issue, schema: z.ZodType, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type': {
      const at = schemaAt(schema, issue.path, value);
      const keys = at === undefined ? undefined : definitionOf(at).shape;
      return keys !== undefined && issue.expected === 'object'
        ? `a mapping of ${Object.keys(keys).join(', ')}`
        : typeWords(issue.expected);
    }
    case 'invalid_value':
      return issue.values.map(String).join(', ');
    case 'too_small':
      return `${amount(issue.origin)}${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${units(issue.origin)}`;
    case 'too_big':
      return `${amount(issue.origin)}${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${units(issue.origin)}`;
    default:
      return issue.message;
  }
}

const amount = (origin: string): string => (origin === 'int' || origin === 'number' ? 'a number of ' : '');
const units = (origin: string): string => (origin === 'array' ? ' entries' : origin === 'string' ? ' letters' : '');

function typeWords(type: string): string {
  const words: Record<string, string> = {
    int: 'a whole number',
    number: 'a number',
    string: 'a text',
    boolean: 'true or false',
    array: 'a list',
    tuple: 'a list',
    object: 'a mapping',
  };
  return words[type] ?? type;
}

function pathName(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'recipe' : path.map(String).join('.');
}

/** A value as YAML would write it on one line. */
function describeValue(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : value === null || value === undefined ? 'null' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
