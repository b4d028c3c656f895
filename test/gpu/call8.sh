# Repeats, thread and allocator settings, deterministic ops; then the recipe in full float32 (run as one inline command).
T=$OUT; mkdir -p /tmp/o8; trap 'tar czf $T/call8.tgz -C /tmp/o8 .' EXIT; export FT_DEV=/tmp/dev
b() { local n=$1; shift; echo "== $n $*"; mkdir -p /tmp/o8/$n; env OUT=/tmp/o8/$n CASES="${C:-none64}" "$@" bash /tmp/dev/bench.sh 12 | cut -c1-100; }
b plain1; b plain2; b io1 TF_NUM_INTEROP_THREADS=1; b io2 TF_NUM_INTEROP_THREADS=2; b io4 TF_NUM_INTEROP_THREADS=4; b priv TF_GPU_THREAD_MODE=gpu_private; b async TF_GPU_ALLOCATOR=cuda_malloc_async
for n in det1 det2; do b $n TF_DETERMINISTIC_OPS=1 TF_CUDNN_DETERMINISTIC=1; done
# call 9: STEPS=20 b cd1 / cd2 TF_CUDNN_DETERMINISTIC=1 TF_CUDNN_USE_AUTOTUNE=0; and XLA with --until conv3
mkdir -p /tmp/o8/semi; OUT=/tmp/o8/semi NVIDIA_TF32_OVERRIDE=0 LINES_SHOWN=3 CALLS_SHOWN=6 LIMIT=100 bash /tmp/dev/train.sh 12 semi12fp32 resnet-semihard --set seed=0
