/**
 * Reads one HDF5 file in a thread that ends with it: the library is C compiled to WebAssembly, and a broken file may leave its memory
 * broken, or keep it busy for ever. Plain JavaScript, for the library is an ES module and needs no TypeScript loader.
 *
 * The build for browsers (`h5wasm`, not `h5wasm/node`) knows no disk: its one file is a window on a part of ours, so that a file which
 * names others (external links, external storage) reaches nothing, and none of it lies in memory but what is read.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** Objects in a file at most, and groups within groups: hard links may form a cycle. */
const OBJECTS = 100_000;
const DEPTH = 32;
/** What Keras writes beside the weights and nothing here reads. */
const LEFT_OUT = /^_?optimizer/;
const ATTRIBUTES = /^((layer|weight)_names\d*|model_config|keras_version|name|dtype)$/;

/** What is wrong with a file, in words for its reader. */
class Broken extends Error {}

/** @param {bigint} count */
const sizeOf = (shape, count = 1n) => shape.reduce((product, extent) => product * BigInt(Math.trunc(extent)), count);

/** @param {DataView} view IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction. */
function half(view, at, little) {
  const bits = view.getUint16(at, little);
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const readers = new Map([
  ['e', half],
  ['f', (view, at, little) => view.getFloat32(at, little)],
  ['d', (view, at, little) => view.getFloat64(at, little)],
  ['b', (view, at) => view.getInt8(at)],
  ['B', (view, at) => view.getUint8(at)],
  ['h', (view, at, little) => view.getInt16(at, little)],
  ['H', (view, at, little) => view.getUint16(at, little)],
  ['i', (view, at, little) => view.getInt32(at, little)],
  ['I', (view, at, little) => view.getUint32(at, little)],
  ['q', (view, at, little) => Number(view.getBigInt64(at, little))],
  ['Q', (view, at, little) => Number(view.getBigUint64(at, little))],
]);

/** The letter of a type as Python's struct has it; undefined for what is no number. */
function letterOf({ type, size, signed }) {
  if (type === 1) return { 2: 'e', 4: 'f', 8: 'd' }[size];
  if (type !== 0) return undefined;
  const letter = { 1: 'b', 2: 'h', 4: 'i', 8: 'q' }[size];
  return signed ? letter : letter?.toUpperCase();
}

/** A file of the library's own file system whose bytes are those of a part of `file`, read as they are asked for. */
function mount(FS, file, from, size) {
  const node = FS.createFile('/', 'weights', {}, true, false);
  Object.defineProperty(node, 'usedBytes', { get: () => size });
  node.contents = null;
  node.stream_ops = {
    ...node.stream_ops,
    read: (_stream, buffer, offset, length, position) => {
      const count = Math.max(0, Math.min(length, size - position));
      return count === 0 ? 0 : readSync(file, buffer, offset, count, from + position);
    },
    write: () => {
      throw new Broken('it would be written');
    },
  };
}

async function read({ path, from, size, bytes }) {
  const library = await import('h5wasm');
  await library.ready;
  const { FS } = library;
  const descriptor = bytes === undefined ? openSync(path, 'r') : undefined;
  try {
    if (descriptor === undefined) FS.createDataFile('/', 'weights', bytes, true, false, true);
    else mount(FS, descriptor, from, size);
    return tree(library, size);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What the library's file holds, which has `length` bytes. */
function tree(library, length) {
  const { Module } = library;
  const file = new library.File('/weights', 'r');
  if (file.file_id < 0n) throw new Broken('no HDF5 file begins here, or it is cut short');
  // A dataset without storage may claim any shape: its size is held against that of the file.
  const limit = BigInt(Math.max(2 ** 26, 8 * length));
  let [taken, objects] = [0n, 0];
  const take = (count, path) => {
    taken += count;
    if (count < 0n || taken > limit) throw new Broken(`${path} claims ${count} bytes in a file of ${length}`);
    return Number(count);
  };
  /** @type {Record<string, Record<string, string | string[]>>} */
  const attributes = {};
  /** @type {{ path: string, shape: number[], values: Float32Array }[]} */
  const tensors = [];

  const readAttributes = (entity, path) => {
    /** @type {Record<string, string | string[]>} */
    const found = {};
    for (const [name, attribute] of Object.entries(entity.attrs)) {
      if (!ATTRIBUTES.test(name)) continue;
      take(sizeOf(attribute.shape ?? [], BigInt(attribute.metadata.size)), `the attribute ${name} of ${path}`);
      const value = attribute.value;
      if (typeof value === 'string') found[name] = value;
      else found[name] = value === null ? [] : Array.from(value, String);
    }
    if (Object.keys(found).length > 0) attributes[path] = found;
  };
  const readDataset = (dataset, path) => {
    const { metadata } = dataset;
    const letter = letterOf(metadata);
    if (letter === undefined || metadata.shape === null) return;
    const brain = Object.entries(dataset.attrs).some(([name, one]) => name === 'dtype' && one.value === 'bfloat16');
    const count = sizeOf(metadata.shape);
    const size = take(count * BigInt(metadata.size), path);
    take(count * 4n, path);
    const pointer = size === 0 ? 0 : Module._malloc(size);
    if (size > 0 && pointer === 0) throw new Broken(`${path} takes ${size} bytes, more than there is memory for`);
    // A failure is a number alone, and the memory then holds anything.
    const status = size === 0 ? 0 : Module.get_dataset_data(file.file_id, dataset.path, null, null, null, BigInt(pointer));
    if (status < 0) throw new Broken(`the numbers of ${path} cannot be read`);
    const view = new DataView(Module.HEAPU8.buffer, pointer, size);
    const values = new Float32Array(Number(count));
    if (letter === 'f' && metadata.littleEndian)
      new Uint8Array(values.buffer).set(Module.HEAPU8.subarray(pointer, pointer + size));
    else if (brain && letter === 'H') {
      const bits = new Uint32Array(values.buffer);
      for (let at = 0; at < bits.length; at++) bits[at] = view.getUint16(2 * at, metadata.littleEndian) * 0x10000;
    } else {
      const one = readers.get(letter);
      for (let at = 0; at < values.length; at++) values[at] = one(view, at * metadata.size, metadata.littleEndian);
    }
    Module._free(pointer);
    tensors.push({ path, shape: metadata.shape.map(Number), values });
  };
  const visit = (group, path, depth) => {
    if (depth > DEPTH) throw new Broken(`${path} lies more than ${DEPTH} groups deep`);
    for (const name of group.keys()) {
      if (depth === 0 && LEFT_OUT.test(name)) continue;
      if (++objects > OBJECTS) throw new Broken(`it holds more than ${OBJECTS} objects`);
      const at = path === '' ? name : `${path}/${name}`;
      try {
        const entity = group.get(name);
        if (entity instanceof library.Group) {
          readAttributes(entity, at);
          visit(entity, at, depth + 1);
        } else if (entity instanceof library.Dataset) readDataset(entity, at);
        else if (entity instanceof library.ExternalLink) throw new Broken(`${at} is a link to another file`);
      } catch (error) {
        // The library's own words for it tell nothing.
        throw error instanceof Broken ? error : new Broken(`${at} cannot be opened`);
      }
    }
  };
  readAttributes(file, '');
  visit(file, '', 0);
  return { attributes, tensors };
}

try {
  const found = await read(workerData);
  parentPort.postMessage(
    { tree: found },
    found.tensors.map(({ values }) => values.buffer),
  );
} catch (error) {
  // What else is thrown comes of the broken memory of the library, but where the file itself could not be read.
  const told = error instanceof Broken || error?.code !== undefined;
  parentPort.postMessage({ problem: told ? error.message : 'its structure is broken' });
}
