import { createServer, type IncomingMessage } from 'node:http';

interface Point {
  id: string;
  vector: number[];
  payload: Record<string, unknown>;
}
interface Collection {
  vectors: { size: number; distance: string };
  points: Map<string, Point>;
}
type Filter = { must: { key: string; match: { value: unknown } }[] };
// biome-ignore lint/suspicious/noExplicitAny: bodies as a client sent them
type Body = any;

/**
 * The calls of Qdrant's REST interface that ft makes, with requests and answers as its API reference shapes them
 * (api.qdrant.tech/api-reference: collections, points). Whatever else is asked gets 404, a wrong body 400. A point's id is a UUID,
 * and points are scrolled by it.
 */
export async function qdrantStub(key: string) {
  const collections = new Map<string, Collection>();
  const calls: string[] = [];
  const matches = (filter: Filter | undefined) => (point: Point) =>
    (filter?.must ?? []).every(({ key: field, match }) => point.payload[field] === match.value);
  const shown = ({ id, vector, payload }: Point, { with_vector, with_payload }: Body) => ({
    id,
    ...(with_vector ? { vector } : {}),
    ...(with_payload === true ? { payload } : {}),
    ...(Array.isArray(with_payload)
      ? { payload: Object.fromEntries(Object.entries(payload).filter(([name]) => with_payload.includes(name))) }
      : {}),
  });
  const isId = (id: unknown) => typeof id === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(id);
  const require = (fine: boolean, message: string) => {
    if (!fine) throw Object.assign(new Error(message), { status: 400 });
  };

  function answer(call: string, name: string, query: URLSearchParams, body: Body): unknown {
    const one = collections.get(name);
    if (call === 'GET /collections/NAME/exists') return { exists: one !== undefined };
    if (call === 'PUT /collections/NAME') {
      require(Number.isInteger(body.vectors?.size) && body.vectors.distance === 'Cosine', 'vectors: size and distance');
      collections.set(name, { vectors: body.vectors, points: new Map() });
      return true;
    }
    if (one === undefined) throw Object.assign(new Error(`Collection \`${name}\` doesn't exist!`), { status: 404 });
    const sorted = [...one.points.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    switch (call) {
      case 'GET /collections/NAME':
        return { status: 'green', points_count: one.points.size, config: { params: { vectors: one.vectors } } };
      case 'PUT /collections/NAME/index':
        require(body.field_name === 'kind' && body.field_schema === 'keyword', 'field_name, field_schema');
        return { operation_id: 0, status: 'completed' };
      case 'PUT /collections/NAME/points':
        require(query.get('wait') === 'true', 'not waited for');
        for (const { id, vector, payload } of body.points as Point[]) {
          require(isId(id), `value ${id} is not a valid point ID`);
          require(vector.length === one.vectors.size, `expected dim: ${one.vectors.size}, got ${vector.length}`);
          one.points.set(id, { id, vector, payload });
        }
        return { operation_id: 1, status: 'completed' };
      case 'POST /collections/NAME/points/delete':
        require(query.get('wait') === 'true' && body.points.every(isId), 'points');
        for (const id of body.points) one.points.delete(id);
        return { operation_id: 2, status: 'completed' };
      case 'POST /collections/NAME/points':
        require(body.ids.every(isId), 'ids');
        // In an order of its own, as the real one answers.
        return sorted.filter(({ id }) => body.ids.includes(id)).map((point) => shown(point, body));
      case 'POST /collections/NAME/points/scroll': {
        const rest = sorted.filter(matches(body.filter)).filter(({ id }) => body.offset === undefined || id >= body.offset);
        return {
          points: rest.slice(0, body.limit).map((point) => shown(point, body)),
          next_page_offset: rest[body.limit]?.id ?? null,
        };
      }
      case 'POST /collections/NAME/points/count':
        require(body.exact === true, 'exact');
        return { count: sorted.filter(matches(body.filter)).length };
      case 'POST /collections/NAME/points/query': {
        require(Array.isArray(body.query) && body.limit >= 1, 'query, limit');
        const score = ({ vector }: Point) => vector.reduce((sum, value, i) => sum + value * body.query[i], 0);
        const scored = sorted.map((point) => ({ ...shown(point, body), version: 1, score: score(point) }));
        return { points: scored.sort((a, b) => b.score - a.score).slice(0, body.limit) };
      }
      default:
        throw Object.assign(new Error(`no such call: ${call}`), { status: 404 });
    }
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://stub');
    const [, , name = ''] = pathname.split('/');
    const call = `${request.method} ${pathname.replace(`/collections/${name}`, '/collections/NAME')}`;
    calls.push(call);
    response.setHeader('Content-Type', 'application/json');
    try {
      if (request.headers['api-key'] !== key) throw Object.assign(new Error('Must provide an API key'), { status: 401 });
      const result = answer(call, decodeURIComponent(name), searchParams, await json(request));
      response.end(JSON.stringify({ result, status: 'ok', time: 0.001 }));
    } catch (error) {
      const { status = 500, message } = error as Error & { status?: number };
      response.statusCode = status;
      response.end(JSON.stringify({ status: { error: message }, time: 0 }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    host: `127.0.0.1:${port}`,
    collections,
    calls,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function json(request: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}
