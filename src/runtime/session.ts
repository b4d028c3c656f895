import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withMend } from './out-of-memory.js';
import { binding } from './tensorflow.js';

export type Values = Float32Array | Int32Array | Uint8Array;

/** A value for a session: a typed array with its shape, or strings of bytes: one scalar, or a vector of several. */
export type Feed = { readonly name: string } & (
  | { readonly values: Values; readonly shape: readonly number[] }
  | { readonly strings: Uint8Array | readonly Uint8Array[] }
);

const TAG = 'train';

/** A TensorFlow session over one graph; its variables live inside. A call blocks the thread until the graph has run. */
export class Session {
  private constructor(private readonly id: number) {}

  /** @param savedModel the bytes of a `saved_model.pb` with the tag 'train' */
  static fromGraph(savedModel: Uint8Array): Session {
    // TensorFlow loads a graph from a folder, and tfjs keys its own cache by the path: a new folder each time, gone at once.
    const folder = mkdtempSync(join(tmpdir(), 'ft-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), savedModel);
      return Session.fromFolder(folder, TAG);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** @param tag the tag of the graph to load: 'serve' in an exported SavedModel */
  static fromFolder(folder: string, tag: string): Session {
    return new Session(binding().loadSavedModel(folder, tag));
  }

  /** Runs the part of the graph that `outputs` need and returns their values in order. */
  run(feeds: readonly Feed[], outputs: readonly string[]): Values[] {
    const native = binding();
    const inputs = feeds.map((feed) => {
      if ('strings' in feed) {
        const several = Array.isArray(feed.strings);
        return native.createTensor(
          several ? [feed.strings.length] : [],
          native.TF_STRING,
          several ? feed.strings : [feed.strings],
        );
      }
      const dtype =
        feed.values instanceof Float32Array
          ? native.TF_FLOAT
          : feed.values instanceof Int32Array
            ? native.TF_INT32
            : native.TF_UINT8;
      return native.createTensor([...feed.shape], dtype, feed.values);
    });
    try {
      const made = native.runSavedModel(this.id, inputs, feeds.map((feed) => feed.name).join(','), outputs.join(','));
      return made.map(({ id }) => {
        const values = native.tensorDataSync(id) as Values;
        native.deleteTensor(id);
        return values;
      });
    } catch (error) {
      throw withMend(error);
    } finally {
      for (const id of inputs) native.deleteTensor(id);
    }
  }

  close(): void {
    binding().deleteSavedModel(this.id);
  }
}

export { TAG as SESSION_TAG };
