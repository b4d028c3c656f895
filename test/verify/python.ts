import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** `bench` has PyTorch, `verify` TensorFlow, `track` TensorBoard and MLflow, `backbones` torchvision, timm, Keras and onnx, `export` TensorFlow, tf2onnx and onnxruntime, `tensorflowjs` TensorFlow.js' converter, `docker` what looks over a Dockerfile; test/bench/venv.sh makes each. */
export type PythonKind = 'bench' | 'verify' | 'track' | 'backbones' | 'export' | 'tensorflowjs' | 'docker';

/** The interpreter of an environment, which is made first where it is not there yet. */
export function pythonOf(kind: PythonKind): string {
  return execFileSync('sh', ['test/bench/venv.sh', `test/${kind}/requirements.txt`], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** What a Python script prints. @throws Error with its stderr where it fails */
export function runPython(
  kind: PythonKind,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: Uint8Array } = {},
): string {
  return execFileSync(pythonOf(kind), [...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '', ...options.env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(options.input === undefined ? {} : { input: options.input }),
  });
}
