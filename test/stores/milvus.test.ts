import { describe, expect, it } from 'vitest';
import { type MilvusCalls, type MilvusPackage, milvusStore } from '../../src/stores/milvus.js';
import { openStore } from '../../src/stores/open.js';
import { behaves } from './behaviour.js';
import { DIMENSIONS, MODEL, row } from './rows.js';

interface Collection {
  readonly description: string;
  readonly fields: { name: string; data_type: string; dim?: number }[];
  readonly points: Map<string, { key: string; vector: number[]; kind: string; words: object }>;
}
// biome-ignore lint/suspicious/noExplicitAny: what a caller gave
type Asked = any;

const collections = new Map<string, Collection>();
const addresses: object[] = [];
const success = { error_code: 'Success', code: 0, reason: '' };

/** A stand-in for Milvus' client: the calls, arguments and answers as its reference shapes them (milvus.io/api-reference/node). */
class StandIn implements MilvusCalls {
  constructor(of: object) {
    addresses.push(of);
  }
  async hasCollection({ collection_name }: Asked) {
    return { status: success, value: collections.has(collection_name) };
  }
  async createCollection({ collection_name, description, fields, index_params }: Asked) {
    expect(index_params).toEqual([{ field_name: 'vector', index_type: 'AUTOINDEX', metric_type: 'COSINE' }]);
    collections.set(collection_name, { description, fields, points: new Map() });
    return success;
  }
  async loadCollectionSync() {
    return success;
  }
  async describeCollection({ collection_name }: Asked) {
    const { description, fields } = this.of(collection_name);
    const params = (dim?: number) => (dim === undefined ? [] : [{ key: 'dim', value: String(dim) }]);
    return {
      status: success,
      schema: { description, fields: fields.map(({ name, dim }) => ({ name, type_params: params(dim) })) },
    };
  }
  async upsert({ collection_name, data }: Asked) {
    for (const point of data) {
      expect(Object.keys(point).sort()).toEqual(['key', 'kind', 'vector', 'words']);
      this.of(collection_name).points.set(point.key, point);
    }
    return { status: success };
  }
  async delete({ collection_name, ids }: Asked) {
    for (const id of ids) this.of(collection_name).points.delete(id);
    return { status: success };
  }
  async query({ collection_name, filter, output_fields, limit, consistency_level }: Asked) {
    expect(consistency_level).toBe('Strong');
    const wanted = (point: { key: string; kind: string }) =>
      (filter === '' ? [] : filter.split(' and ')).every((term: string) => {
        const [field, operator] = term.split(' ') as [string, string];
        const value = JSON.parse(term.slice(field.length + operator.length + 2));
        const own = point[field as 'key' | 'kind'];
        return operator === 'in' ? value.includes(own) : operator === '>' ? own > value : own === value;
      });
    const found = [...this.of(collection_name).points.values()].filter(wanted).sort((a, b) => (a.key < b.key ? -1 : 1));
    if (output_fields[0] === 'count(*)') return { status: success, data: [{ 'count(*)': String(found.length) }] };
    const shown = found
      .slice(0, limit)
      .map((point) => Object.fromEntries(output_fields.map((name: string) => [name, point[name as 'key']])));
    return { status: success, data: shown };
  }
  async search({ collection_name, data, limit, metric_type, anns_field, output_fields }: Asked) {
    expect([metric_type, anns_field, output_fields]).toEqual(['COSINE', 'vector', ['words']]);
    const score = (vector: number[]) => vector.reduce((sum, value, i) => sum + value * data[i], 0);
    const all = [...this.of(collection_name).points.values()].map(({ key, vector, words }) => ({
      id: key,
      score: score(vector),
      words,
    }));
    return { status: success, results: all.sort((a, b) => b.score - a.score).slice(0, limit) };
  }
  async closeConnection() {}
  private of(name: string): Collection {
    return collections.get(name) as Collection;
  }
}

const load = async (): Promise<MilvusPackage> => ({ MilvusClient: StandIn });
const open = (dimensions = DIMENSIONS, model = MODEL) =>
  milvusStore(new URL('milvus://root:p%40ss@here/gallery'), { dimensions, model }, load);
const fresh = () => {
  collections.clear();
  return open();
};

behaves('the store in Milvus (a stand-in of its client)', { fresh, reopen: open });

describe('a store in Milvus', () => {
  it('is asked for at its own port, with the name and the password', async () => {
    await fresh();
    expect(addresses.at(-1)).toEqual({ address: 'here:19530', ssl: false, username: 'root', password: 'p@ss' });
  });

  it('refuses a collection of other vectors, and one that is not ft’s', async () => {
    await (await fresh()).add([row(1)]);
    await expect(open(20)).rejects.toThrow('the store holds vectors of another length');
    await expect(open(DIMENSIONS, 'other')).rejects.toThrow(/another model's vectors[\s\S]*those of sha256:0123/);
    collections.set('gallery', { description: 'of somebody else', fields: [], points: new Map() });
    await expect(open()).rejects.toThrow("this collection isn't ft's");
  });

  it('says what a server refused', async () => {
    class Refusing extends StandIn {
      override async hasCollection() {
        return { status: { error_code: 'UnexpectedError', code: 1400, reason: 'auth check failure' }, value: false };
      }
    }
    const refused = milvusStore(new URL('milvus://root:secret@here/a'), { dimensions: 2, model: MODEL }, async () => ({
      MilvusClient: Refusing,
    }));
    await expect(refused).rejects.toThrow('milvus://here/a: Milvus cannot be used\n  found:    auth check failure');
  });

  it('says how to install its client where it is missing, and which names Milvus takes', async () => {
    const options = { dimensions: DIMENSIONS, model: MODEL };
    await expect(openStore('milvus://here/gallery', options)).rejects.toThrow(
      /Milvus' client is not installed[\s\S]*npm install --no-save @zilliz\/milvus2-sdk-node/,
    );
    await expect(openStore('milvus://here/my-gallery', options)).rejects.toThrow('Milvus takes no such name');
  });
});
