/**
 * Sets values in the text of a YAML file and changes no other byte: comments, order, quotes and spacing survive. The YAML
 * library says where each node lies; the new text is put there.
 */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, stringify, type YAMLMap } from 'yaml';
import { UserError } from '../errors.js';

export interface Edit {
  /** Keys from the top, e.g. `['triplet', 'freeze', 'until']`; those that are missing are made. */
  path: readonly string[];
  value: unknown;
  /** A key beside the last one whose place it takes, where that key is there. */
  replaces?: string;
}

/** The text with every edit made. `file` is how the file is named in faults. */
export function editYaml(text: string, edits: readonly Edit[], file: string): string {
  return edits.reduce((current, edit) => applyEdit(current, edit, file), text);
}

function applyEdit(text: string, edit: Edit, file: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new UserError({ what: `not YAML: ${document.errors[0]?.message.split('\n')[0]}`, where: file });
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const root = document.contents;
  if (root === null) return `${endLine(text, eol)}${nested(edit.path, edit.value)}${eol}`;
  let node: Node = root;
  for (const [depth, key] of edit.path.entries()) {
    if (isAlias(node)) {
      throw new UserError({
        what: `'${edit.path.slice(0, depth).join('.')}' is an alias`,
        where: file,
        mend: 'write its keys out there',
      });
    }
    if (!isMap(node)) return replaceRange(text, rangeOf(node), flow(edit.path.slice(depth), edit.value));
    const last = depth === edit.path.length - 1;
    const pair = pairOf(node, key);
    if (pair === undefined) {
      const old = last && edit.replaces !== undefined ? pairOf(node, edit.replaces) : undefined;
      if (old !== undefined) return replaceRange(text, pairRange(old, text), flowEntry([key], edit.value));
      return insert(text, node, edit.path.slice(depth), edit.value, eol);
    }
    if (last) return replaceRange(text, pairRange(pair, text), flowEntry([key], edit.value));
    if (pair.value === null || (isScalar(pair.value) && pair.value.value === null)) {
      return replaceRange(text, pairRange(pair, text), flowEntry(edit.path.slice(depth), edit.value));
    }
    node = pair.value as Node;
  }
  return text;
}

function pairOf(map: YAMLMap, key: string): Pair<Node, Node | null> | undefined {
  return (map.items as Pair<Node, Node | null>[]).find((pair) => isScalar(pair.key) && pair.key.value === key);
}

/** From the key's first byte to the value's last; a comment behind the value stays outside. */
function pairRange(pair: Pair<Node, Node | null>, text: string): [number, number] {
  const [start, keyEnd] = rangeOf(pair.key);
  const value = pair.value;
  if (value === null || (isScalar(value) && value.value === null && rangeOf(value)[0] === rangeOf(value)[1])) {
    return [start, Math.max(keyEnd, text.indexOf(':', keyEnd) + 1)];
  }
  return [start, lastByte(value)];
}

function rangeOf(node: Node): [number, number] {
  const range = node.range;
  if (range === null || range === undefined) throw new Error('a node that was parsed has a place');
  return [range[0], range[1]];
}

/** Where the last thing that a node holds ends: a block mapping's own range runs on over comments that follow it. */
function lastByte(node: Node): number {
  const block = (isMap(node) || isSeq(node)) && node.flow !== true;
  if (!block || node.items.length === 0) return rangeOf(node)[1];
  const last = node.items.at(-1);
  if (isMap(node)) {
    const pair = last as Pair<Node, Node | null>;
    return pair.value === null ? rangeOf(pair.key)[1] + 1 : Math.max(rangeOf(pair.key)[1] + 1, lastByte(pair.value));
  }
  return lastByte(last as Node);
}

/** A new entry: before the closing brace of a flow mapping, or on a line of its own after the last one of a block mapping. */
function insert(text: string, map: YAMLMap, path: readonly string[], value: unknown, eol: string): string {
  if (map.flow === true) {
    const end = rangeOf(map)[1] - 1;
    const last = map.items.at(-1) as Pair<Node, Node | null> | undefined;
    if (last === undefined) return replaceRange(text, [rangeOf(map)[0], end + 1], `{ ${flowEntry(path, value)} }`);
    const at = pairRange(last, text)[1];
    return replaceRange(text, [at, at], `, ${flowEntry(path, value)}`);
  }
  const first = map.items[0] as Pair<Node, Node | null>;
  const start = rangeOf(first.key)[0];
  const indent = ' '.repeat(start - (text.lastIndexOf('\n', start - 1) + 1));
  const last = lastByte(map);
  const lineEnd = text[last - 1] === '\n' ? last : text.indexOf('\n', last) + 1 || text.length;
  const entry = nested(path, value)
    .split('\n')
    .map((line) => indent + line)
    .join(eol);
  return `${endLine(text.slice(0, lineEnd), eol)}${entry}${eol}${text.slice(lineEnd)}`;
}

function endLine(text: string, eol: string): string {
  return text === '' || text.endsWith('\n') ? text : text + eol;
}

function replaceRange(text: string, [from, to]: [number, number], by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

/** `a: { b: value }` on one line. */
function flowEntry(path: readonly string[], value: unknown): string {
  return `${path[0]}: ${path.length > 1 ? flow(path.slice(1), value) : inline(value)}`;
}

function flow(path: readonly string[], value: unknown): string {
  return `{ ${flowEntry(path, value)} }`;
}

/** The first key on a line of its own, the rest of the path below it, the last mapping on one line. */
function nested(path: readonly string[], value: unknown): string {
  if (path.length <= 2) return flowEntry(path, value);
  return `${path[0]}:\n${nested(path.slice(1), value)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')}`;
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}
