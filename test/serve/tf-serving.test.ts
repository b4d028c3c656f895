import { beforeAll, describe, expect, it } from 'vitest';
import { direction, type Made, MODEL, png, serverOf } from './served.js';

let made: Made;
beforeAll(async () => {
  made = await serverOf();
});
const get = async (path: string) => {
  const { statusCode, json } = await made.server.app.inject({ url: `/v1/models/${path}` });
  return { status: statusCode, body: json() };
};
/** As `curl -d` sends it: with the content type of a form. */
const predict = async (body: unknown, path = 'colours:predict') => {
  const { statusCode, json } = await made.server.app.inject({
    method: 'POST',
    url: `/v1/models/${path}`,
    payload: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  return { status: statusCode, body: json() };
};
/** A picture of one colour in nested lists. */
const picture = (rgb: readonly number[], height = 8, width = 8) =>
  Array.from({ length: height }, () => Array.from({ length: width }, () => rgb));
const near = (...rgb: [number, number, number]) => direction(...rgb).map((value) => expect.closeTo(value, 5));

describe("TensorFlow Serving's interface", () => {
  it('gives the status of the model and of its version', async () => {
    const status = {
      model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
    };
    expect(await get('colours')).toEqual({ status: 200, body: status });
    expect(await get('colours/versions/1')).toEqual({ status: 200, body: status });
    expect(await get('half')).toMatchObject({ status: 404, body: { error: 'Servable not found for request: Latest(half)' } });
    expect(await get('colours/versions/2')).toMatchObject({
      status: 404,
      body: { error: 'Servable not found for request: Specific(colours, 2)' },
    });
  });

  it('describes the signatures that an exported SavedModel has', async () => {
    const { body } = await get('colours/metadata');
    expect(body.model_spec).toEqual({ name: 'colours', signature_name: '', version: '1' });
    const signatures = body.metadata.signature_def.signature_def;
    expect(Object.keys(signatures)).toEqual(['serving_default', 'from_bytes', 'classify']);
    const dims = (...sizes: string[]) => ({ dim: sizes.map((size) => ({ size, name: '' })), unknown_rank: false });
    expect(signatures.serving_default).toEqual({
      inputs: { image: { dtype: 'DT_UINT8', tensor_shape: dims('-1', '-1', '-1', '3'), name: 'serving_default_image:0' } },
      outputs: { embedding: { dtype: 'DT_FLOAT', tensor_shape: dims('-1', '3'), name: 'StatefulPartitionedCall:0' } },
      method_name: 'tensorflow/serving/predict',
    });
    expect(signatures.classify.outputs.labels).toMatchObject({ dtype: 'DT_STRING', tensor_shape: dims('2') });
    expect((await get('colours/versions/1/metadata')).body).toEqual(body);
  });

  it('predicts rows and columns, with the name of the input or without it, of any size', async () => {
    const [red, grey] = [picture([200, 10, 0]), picture([90, 90, 90])];
    const rows = { predictions: [near(200, 10, 0), near(1, 1, 1)] };
    expect((await predict({ instances: [red, grey] })).body).toEqual(rows);
    expect((await predict({ signature_name: 'serving_default', instances: [{ image: red }, { image: grey }] })).body).toEqual(
      rows,
    );
    const columns = { outputs: rows.predictions };
    expect((await predict({ inputs: [red, grey] })).body).toEqual(columns);
    expect((await predict({ inputs: { image: [red, grey] } }, 'colours/versions/1:predict')).body).toEqual(columns);
    // A white and a black half, side by side and one above the other, come out as grey of the same direction; a size of its own is resized.
    const wide = picture([250, 100, 0], 3, 31);
    expect((await predict({ instances: [wide] })).body).toEqual({ predictions: [near(250, 100, 0)] });
  });

  it('takes the bytes of files in base64', async () => {
    const b64 = (await png(30, 60, 200)).toString('base64');
    const rows = [near(30, 60, 200)];
    const ask = (body: object) => predict({ signature_name: 'from_bytes', ...body });
    expect((await ask({ instances: [{ b64 }] })).body).toEqual({ predictions: rows });
    expect((await ask({ instances: [{ bytes: { b64 } }] })).body).toEqual({ predictions: rows });
    expect((await ask({ inputs: { bytes: [{ b64 }] } })).body).toEqual({ outputs: rows });
    expect((await ask({ instances: [{ b64: '%' }] })).status).toBe(400);
    expect((await ask({ instances: ['x'] })).status).toBe(400);
  });

  it('classifies: objects in rows, tensors in columns, where all names have their place', async () => {
    const probabilities = [expect.closeTo(0.25, 6), expect.closeTo(0.75, 6)];
    const ask = (body: object) => predict({ signature_name: 'classify', ...body });
    expect((await ask({ instances: [picture([50, 9, 150])] })).body).toEqual({ predictions: [{ probabilities, label: 'blue' }] });
    expect((await ask({ inputs: [picture([50, 9, 150])] })).body).toEqual({
      outputs: { probabilities: [probabilities], label: ['blue'], labels: MODEL.classes },
    });
  });

  it('says in its words what is not right', async () => {
    const image = picture([1, 2, 3]);
    const cases: readonly (readonly [unknown, number, RegExp, string?])[] = [
      ['{', 400, /JSON/],
      ['[]', 400, /no JSON object/],
      [{}, 400, /Missing 'inputs' or 'instances' key/],
      [{ instances: [image], inputs: [image] }, 400, /both/],
      [{ instances: [] }, 400, /instances/],
      [{ instances: [image], signature_name: 'regress' }, 400, /Serving signature name: "regress" not found in signature def/],
      [{ instances: [[[[1, 2]]]] }, 400, /instances\[0\]\[0\]\[0\].*a list of 3/],
      [{ instances: [[[[1, 2, 256]]]] }, 400, /no byte/],
      [{ instances: [[[[1, 2, 0.5]]]] }, 400, /no byte/],
      [{ instances: [[[[1, 2, null]]]] }, 400, /no byte/],
      [{ instances: [image, picture([1, 2, 3], 7)] }, 400, /instances\[1\].*a list of 8/],
      [{ inputs: { picture: [image] } }, 400, /shape/],
      [{ instances: Array(5).fill(image) }, 413, /too many images/],
      [{ instances: [image] }, 404, /Latest\(other\)/, 'other:predict'],
      [{ instances: [image] }, 404, /Specific\(colours, 2\)/, 'colours/versions/2:predict'],
      [{ instances: [image] }, 404, /predict was expected/, 'colours:regress'],
      [{ instances: [image] }, 404, /predict was expected/, 'colours'],
    ];
    for (const [body, status, words, path] of cases) {
      const answer = await predict(body, path);
      expect([JSON.stringify(body).slice(0, 60), answer.status]).toEqual([JSON.stringify(body).slice(0, 60), status]);
      expect(answer.body.error).toMatch(words);
    }
    expect(made.said).toEqual([]);
  });
});
