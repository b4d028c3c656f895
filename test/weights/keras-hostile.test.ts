import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readKerasFile } from '../../src/weights/keras/file.js';
import { readHdf5 } from '../../src/weights/keras/hdf5.js';
import { goldenBytes, goldenPath } from './keras-golden.js';
import { archive, configFault, fault, functional, IMAGES } from './keras-handmade.js';

const random = (seed: number) => {
  let state = seed >>> 0;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

describe('a broken HDF5 file', () => {
  it.each([0, 3, 8, 100, 2048, 10_000, 27_000])('of its first %i bytes is refused by one error', async (length) => {
    const message = await fault(goldenBytes('nested.h5').subarray(0, length));
    expect(message).toMatch(/^model: this is no (file of Keras|whole HDF5 file)/);
    expect(message.split('\n').length).toBeLessThan(5);
  });

  it('with flipped bits ends in a UserError or in values, soon', async () => {
    const whole = goldenBytes('nested.h5');
    const draw = random(7);
    let refused = 0;
    for (let round = 0; round < 12; round++) {
      const bytes = Buffer.from(whole);
      for (let flips = 0; flips < 12; flips++) {
        const at = draw(bytes.length);
        bytes[at] = bytes[at]! ^ (1 << draw(8));
      }
      refused += (await fault(bytes)) === '' ? 0 : 1;
    }
    expect(refused).toBeGreaterThan(3);
  });

  it('that keeps the library busy is given up', async () => {
    await expect(readHdf5(goldenBytes('nested.h5'), 'model', 0)).rejects.toThrow(
      'model: reading this HDF5 file does not come to an end',
    );
  });

  it('that claims more numbers than it has bytes is refused, not allocated', async () => {
    const bytes = goldenBytes('nested.h5');
    const dims = Buffer.from(BigUint64Array.from([3n, 3n, 3n, 5n]).buffer);
    const at = bytes.indexOf(dims);
    expect(at).toBeGreaterThan(0);
    bytes.writeBigUInt64LE(10n ** 9n, at + 24);
    expect(await fault(bytes)).toMatch(/model: this is no whole HDF5 file\n {2}found: {4}'.*kernel (claims|cannot be)/);
    expect(await fault(goldenPath('hostile-huge.h5'))).toContain('conv/conv/kernel:0 claims 16000000000 bytes in a file of');
  });

  it.each([
    ['names another file for its weights by a link', 'link', 'conv/conv/kernel:0 is a link to another file'],
    ['names another file for the bytes of its weights', 'storage', 'the numbers of conv/conv/kernel:0 cannot be read'],
    ['holds a group within itself', 'cycle', 'this is no whole HDF5 file'],
    ['holds text in place of weights', 'text', "lists the weight 'conv/kernel:0' and does not hold it as numbers"],
    ['holds a link to itself', 'loop', 'conv/conv/kernel:0 cannot be opened'],
  ])('that %s is refused', async (_, name, message) => {
    expect(await fault(goldenPath(`hostile-${name}.h5`))).toContain(message);
  });

  it('whose weights are a view of another file gives nothing of that file', async () => {
    const { tensors } = await readKerasFile(goldenPath('hostile-virtual.h5'), 'model');
    expect([...(tensors.get('conv/kernel')?.values() ?? [])]).toEqual(Array(16).fill(7));
  });
});

describe('a broken .keras archive', () => {
  const config = Buffer.from('{}');
  const weights = goldenBytes('nested.weights.h5');
  const members = (text: Buffer | string) => [
    { name: 'config.json', data: Buffer.from(text) },
    { name: 'model.weights.h5', data: weights },
  ];

  it.each([10, 5_000, 42_000])('of its first %i bytes is refused by one error', async (length) => {
    expect(await fault(goldenBytes('nested.keras').subarray(0, length))).toContain('model: this is not a whole zip file');
  });

  it('with one flipped bit in a member is refused by its checksum', async () => {
    for (const at of [200, 20_000]) {
      const bytes = goldenBytes('nested.keras');
      bytes[at] = bytes[at]! ^ 4;
      expect(await fault(bytes)).toContain('does not have the checksum it was stored with');
    }
  });

  it('that grows a thousandfold is refused before it is unpacked', async () => {
    const bomb = { name: 'model.weights.h5', data: Buffer.alloc(64 << 20), deflate: true };
    expect(await fault(archive([{ name: 'config.json', data: config }, bomb]))).toMatch(
      /its member model\.weights\.h5 grows from \d+ bytes to 67108864: no weights or configuration do/,
    );
  });

  it('that says a smaller size than it has is refused', async () => {
    const bytes = archive([
      { name: 'config.json', data: Buffer.alloc(100_000), deflate: true },
      { name: 'model.weights.h5', data: weights },
    ]);
    const directory = bytes.indexOf(Buffer.from('PK\x01\x02'));
    bytes.writeUInt32LE(10, directory + 24);
    expect(await fault(bytes)).toContain('its member config.json cannot be read');
  });

  it('with a member outside of it is refused, and nothing is written', async () => {
    const before = readdirSync('..').join();
    expect(await fault(archive([{ name: '../config.json', data: config }, ...members('{}')]))).toMatch(
      /this is not a whole zip file\n {2}found: {4}'invalid relative path/,
    );
    expect(await fault(archive([{ name: '/etc/config.json', data: config }]))).toContain('absolute path');
    expect(readdirSync('..').join()).toBe(before);
  });

  it('without weights, with two configurations, or with one that is no JSON, says so', async () => {
    expect(await fault(archive([{ name: 'config.json', data: config }]))).toContain(
      'this zip file is no .keras archive\n  expected: the members config.json and model.weights.h5\n  found:    config.json',
    );
    expect(await fault(archive([{ name: 'config.json', data: config }, ...members('{}')]))).toContain(
      'its member config.json is there twice',
    );
    expect(await fault(archive(members('{"class_name": "Func')))).toMatch(/^model: config\.json: it is not whole JSON/);
    for (const text of [
      'null',
      '3',
      '[]',
      '"x"',
      '{}',
      '{"config": {"layers": [null]}}',
      '{"class_name":"Functional","config":{"layers":{}}}',
    ])
      expect(await fault(archive(members(text)))).toContain('the modelTopology is not that of a Keras layers model');
    expect(await fault(archive(members(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)))).not.toBe('');
  });
});

describe('a hostile configuration', () => {
  it('whose layers feed each other is refused', () => {
    expect(configFault(functional(IMAGES, ['a', 'Add', {}, ['images', 'b']], ['b', 'Add', {}, ['a', 'images']]))).toContain(
      "the layer 'a' feeds itself",
    );
    expect(configFault(functional(IMAGES, ['a', 'Add', {}, ['a', 'images']]))).toContain("the layer 'a' feeds itself");
    const inner = (name: string, feeder: string) => [
      name,
      'Functional',
      { ...(functional(IMAGES, ['relu', 'ReLU', {}, ['images']]) as { config: object }).config, name },
      [feeder],
    ];
    expect(configFault(functional(IMAGES, inner('a', 'b') as never, inner('b', 'a') as never))).toContain('feeds itself');
  });

  it('with dimensions of 10⁹ allocates nothing', () => {
    for (const config of [
      { filters: 1e9, kernel_size: [1, 1] },
      { filters: 8, kernel_size: [1e9, 1e9] },
      { filters: 8, groups: 1e9 },
    ])
      expect(configFault(functional(IMAGES, ['conv', 'Conv2D', config, ['images']]))).toMatch(/model: conv: /);
    const huge = ['images', 'InputLayer', { batch_input_shape: [null, 1e9, 1e9, 1e9] }, []] as never;
    expect(configFault(functional(huge, ['relu', 'ReLU', {}, ['images']]))).toContain('the input has the shape [null,1000000000');
  });

  it('with a million layers, models a thousand deep, or arguments of arguments, is refused at once', () => {
    const many = Array.from(
      { length: 100_000 },
      (_, at) => [`a${at}`, 'ReLU', {}, [at === 0 ? 'images' : `a${at - 1}`]] as never,
    );
    expect(configFault(functional(IMAGES, ...many))).toMatch(/the model has 5001 layers\n {2}expected: 5000 at most/);
    let deep: unknown = functional(IMAGES);
    for (let level = 0; level < 1000; level++)
      deep = {
        class_name: 'Sequential',
        config: { name: 'm', layers: [{ class_name: 'InputLayer', config: { name: 'i' } }, deep] },
      };
    expect(configFault(deep)).toContain('models within models, more than 16 deep');
    let args: unknown = [];
    for (let level = 0; level < 100; level++) args = [args];
    const model = functional(IMAGES, ['relu', 'ReLU', {}, ['images']]) as { config: { layers: { inbound_nodes: unknown }[] } };
    model.config.layers[1]!.inbound_nodes = [{ args, kwargs: {} }];
    expect(configFault(model)).toContain('it takes what ft does not read');
  });

  it('that doubles a map again and again is not walked again and again', () => {
    const doubled = Array.from({ length: 60 }, (_, at) => {
      const below = at === 0 ? 'images' : `c${at - 1}`;
      return [`c${at}`, 'Concatenate', {}, [below, below]] as never;
    });
    expect(configFault(functional(IMAGES, ...doubled))).toBe('');
    const added = Array.from({ length: 60 }, (_, at) => {
      const below = at === 0 ? 'relu' : `c${at - 1}`;
      return [`c${at}`, 'Add', {}, [below, below]] as never;
    });
    const padded = [
      ['pad', 'ZeroPadding2D', {}, ['c59']],
      ['pool', 'MaxPooling2D', { padding: 'valid' }, ['pad']],
    ] as never[];
    expect(configFault(functional(IMAGES, ['relu', 'ReLU', {}, ['images']], ...added, ...padded))).toBe('');
  });

  it.each<[string, [string, string, object, string[]][], string]>([
    [
      'two layers of one name',
      [
        ['a', 'ReLU', {}, ['images']],
        ['a', 'ReLU', {}, ['images']],
      ],
      "two layers are called 'a'",
    ],
    ['a feeder that is not there', [['a', 'ReLU', {}, ['imagse']]], "unknown layer 'imagse'"],
    [
      'a Rescaling behind a layer',
      [
        ['a', 'ReLU', {}, ['images']],
        ['b', 'Rescaling', { scale: 2 }, ['a']],
      ],
      "it takes 'b', which adds a number to a map or scales it",
    ],
    [
      'a scale of zero',
      [
        ['a', 'Rescaling', { scale: 0 }, ['images']],
        ['b', 'ReLU', {}, ['a']],
      ],
      'no scaling and shift of its three channels',
    ],
    ['another limit of a ReLU', [['a', 'ReLU', { max_value: 4 }, ['images']]], 'the ReLU has max_value 4'],
    ['another axis', [['a', 'Concatenate', { axis: 1 }, ['images', 'images']]], 'the Concatenate has the axis 1'],
    [
      'a reshaping of a map',
      [['a', 'Reshape', { target_shape: [2, 2, 48] }, ['images']]],
      'a Reshape to [2, 2, 48] is not one that ft reads',
    ],
    [
      'two inputs',
      [
        ['more', 'InputLayer', { batch_input_shape: [null, 8, 8, 3] }, []],
        ['a', 'Add', {}, ['images', 'more']],
      ],
      'the model has more than one input',
    ],
    [
      'a layer it does not know',
      [['a', 'MultiHeadAttention', {}, ['images']]],
      'a MultiHeadAttention is a kind of layer that ft does not read',
    ],
    [
      'a map and a vector',
      [
        ['p', 'GlobalAveragePooling2D', {}, ['images']],
        ['a', 'Multiply', {}, ['images', 'p']],
      ],
      'the Multiply takes a map and a vector',
    ],
    [
      'weights that are not there',
      [['a', 'BatchNormalization', {}, ['images']]],
      'the file lacks the gamma of this BatchNormalization',
    ],
  ])('with %s is told so', (_, layers, message) => {
    expect(configFault(functional(IMAGES, ...layers))).toContain(message);
  });

  it('cannot drive the terminal or flood it by the names in it', () => {
    for (const name of ['\u001b[31mred', 'x'.repeat(1000)]) {
      for (const layer of [
        [name, 'ReLU', {}, ['images']],
        ['a', name, {}, ['images']],
        ['a', 'ReLU', {}, [name]],
      ] as never[]) {
        const message = configFault(functional(IMAGES, layer));
        expect(message).toContain('a name in the configuration is long or holds control characters');
        expect(message).not.toContain('\u001b');
        expect(message.length).toBeLessThan(300);
      }
    }
  });

  it('of as many layers as may be, in the wrong order, is read', () => {
    const chain = Array.from({ length: 4998 }, (_, at) => [`a${at}`, 'ReLU', {}, [at === 0 ? 'images' : `a${at - 1}`]] as never);
    const last = ['last', 'ReLU', {}, ['a4997']] as never;
    expect(configFault(functional(IMAGES, ...chain.reverse(), last))).toBe('');
  });

  it('of quantised layers is refused, for their variables mean something else', () => {
    const dtype = { class_name: 'QuantizedDTypePolicy', config: { mode: 'int8', source_name: 'float32' } };
    expect(configFault(functional(IMAGES, ['a', 'Conv2D', { dtype, filters: 2, kernel_size: [1, 1] }, ['images']]))).toContain(
      'a: the Conv2D has dtype "int8"',
    );
  });

  it('with a layer that is used twice is told so', () => {
    const model = functional(IMAGES, ['a', 'ReLU', {}, ['images']]) as { config: { layers: { inbound_nodes: unknown[] }[] } };
    model.config.layers[1]!.inbound_nodes.push([['a', 0, 0, {}]]);
    expect(configFault(model)).toContain("the layer 'a' is used 2 times");
  });
});
