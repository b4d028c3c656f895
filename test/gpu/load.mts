// Does TensorFlow see the card; a convolution, its gradients and a bf16 product on it against float64 sums made here.
const t0 = performance.now();
const { tf, backend, binding } = await import(`${process.cwd()}/src/runtime/tensorflow.ts`);
const b = binding();
const ms = (since: number) => `${(performance.now() - since).toFixed(0)} ms`;
console.log('import', ms(t0), 'TF', b.TF_Version, 'gpu', backend().isUsingGpuDevice);
let seed = 12345;
const rnd = (n: number) =>
  Float32Array.from({ length: n }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
const rel = (got: ArrayLike<number>, want: Float64Array) => {
  let d = 0,
    s = 0;
  for (let i = 0; i < want.length; i++) {
    d += (got[i]! - want[i]!) ** 2;
    s += want[i]! ** 2;
  }
  return got.length === want.length ? Math.sqrt(d / s).toExponential(2) : `length ${got.length}≠${want.length}`;
};
const [N, H, C, K] = [4, 16, 32, 64];
const x = rnd(N * H * H * C),
  w = rnd(9 * C * K),
  g = rnd(N * H * H * K);
const y = new Float64Array(N * H * H * K),
  dx = new Float64Array(x.length),
  dw = new Float64Array(w.length);
for (let n = 0; n < N; n++)
  for (let i = 0; i < H; i++)
    for (let j = 0; j < H; j++)
      for (let a = 0; a < 3; a++)
        for (let c = 0; c < 3; c++) {
          const p = i + a - 1,
            q = j + c - 1;
          if (p < 0 || q < 0 || p >= H || q >= H) continue;
          const xo = ((n * H + p) * H + q) * C,
            yo = ((n * H + i) * H + j) * K;
          for (let ch = 0; ch < C; ch++) {
            const wo = ((a * 3 + c) * C + ch) * K,
              xv = x[xo + ch]!;
            let sum = 0;
            for (let k = 0; k < K; k++) {
              y[yo + k]! += xv * w[wo + k]!;
              dw[wo + k]! += xv * g[yo + k]!;
              sum += g[yo + k]! * w[wo + k]!;
            }
            dx[xo + ch]! += sum;
          }
        }
const X = tf.tensor4d(x, [N, H, H, C]),
  W = tf.tensor4d(w, [3, 3, C, K]),
  G = tf.tensor4d(g, [N, H, H, K]);
for (const turn of ['first', 'second']) {
  let t = performance.now();
  const out = tf.conv2d(X, W, 1, 'same').dataSync();
  console.log(`conv ${turn} ${ms(t)} relative error ${rel(out, y)}`);
  t = performance.now();
  const [gx, gw] = tf.grads((a: any, c: any) => tf.conv2d(a, c, 1, 'same').mul(G).sum())([X, W]);
  const [gxv, gwv] = [gx.dataSync(), gw.dataSync()];
  console.log(`conv gradients ${turn} ${ms(t)} relative error dx ${rel(gxv, dx)} dw ${rel(gwv, dw)}`);
}
const BF16 = 14;
const one = (name: string, attributes: any[], ids: number[]) => b.executeOp(name, attributes, ids, 1)[0]!.id;
const type = (name: string, value: number) => ({ name, type: b.TF_ATTR_TYPE, value });
const flag = (name: string, value: boolean) => ({ name, type: b.TF_ATTR_BOOL, value });
const cast = (id: number, from: number, to: number) =>
  one('Cast', [type('SrcT', from), type('DstT', to), flag('Truncate', false)], [id]);
const mul = (p: number, q: number, dtype: number) =>
  one('MatMul', [flag('transpose_a', false), flag('transpose_b', false), type('T', dtype)], [p, q]);
const idOf = (t: any) => backend().getInputTensorIds([t])[0]!;
{
  const M = 256,
    av = rnd(M * M),
    bv = rnd(M * M),
    want = new Float64Array(M * M);
  for (let i = 0; i < M; i++)
    for (let k = 0; k < M; k++) {
      const v = av[i * M + k]!;
      for (let j = 0; j < M; j++) want[i * M + j]! += v * bv[k * M + j]!;
    }
  const [A, B] = [tf.tensor2d(av, [M, M]), tf.tensor2d(bv, [M, M])];
  for (const turn of ['first', 'second']) {
    const t = performance.now();
    const got = b.tensorDataSync(
      cast(mul(cast(idOf(A), b.TF_FLOAT, BF16), cast(idOf(B), b.TF_FLOAT, BF16), BF16), BF16, b.TF_FLOAT),
    ) as Float32Array;
    console.log(`bf16 matmul 256 ${turn} ${ms(t)} relative error ${rel(got, want)}`);
    const got32 = b.tensorDataSync(mul(idOf(A), idOf(B), b.TF_FLOAT)) as Float32Array;
    console.log(`float32 matmul 256 ${turn} relative error ${rel(got32, want)}`);
  }
}
{
  const M = Number(process.env.BIG ?? 8192),
    small = rnd(1 << 20),
    big = new Float32Array(M * M);
  for (let at = 0; at < big.length; at += small.length) big.set(small.subarray(0, Math.min(small.length, big.length - at)), at);
  const A = tf.tensor2d(big, [M, M]);
  for (const [name, dtype] of [
    ['bf16', BF16],
    ['float32', b.TF_FLOAT],
  ] as const) {
    let p = idOf(A);
    if (dtype === BF16) p = cast(p, b.TF_FLOAT, BF16);
    const sync = (id: number) => {
      const f = dtype === BF16 ? cast(id, BF16, b.TF_FLOAT) : id;
      const r = one(
        'Max',
        [type('T', b.TF_FLOAT), type('Tidx', b.TF_INT32), flag('keep_dims', false)],
        [f, idOf(tf.tensor1d([0, 1], 'int32'))],
      );
      b.tensorDataSync(r);
      if (f !== id) b.deleteTensor(f);
      b.deleteTensor(r);
    };
    sync(mul(p, p, dtype));
    const reps = Number(process.env.REPS ?? 20),
      t = performance.now();
    let last = 0;
    for (let i = 0; i < reps; i++) {
      if (last) b.deleteTensor(last);
      last = mul(p, p, dtype);
    }
    sync(last);
    console.log(
      `${name} matmul ${M}: ${((reps * 2 * M ** 3) / ((performance.now() - t) / 1000) / 1e12).toFixed(1)} TFLOP/s over ${reps}`,
    );
  }
}
console.log('all', ms(t0));
