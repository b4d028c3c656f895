# First call of a later sitting: PyTorch's CUDA graphs in the background while parts arrive, the part that came.
T=$OUT; D=/tmp/dev; R=/tmp/ft; mkdir -p $R; cp -r $D/pytorch $D/formula.py $D/peak.py /tmp/
cases=; for p in bf16 tf32; do for u in none conv3; do for n in resnet50-thin resnet50; do cases="$cases $n:$u:64:$p:reduce-overhead"; done; done; done
(cd /tmp && TORCHINDUCTOR_CACHE_DIR=/tmp/inductor PYTHONUNBUFFERED=1 setsid nohup timeout 300 python3 /tmp/dev/peer_gpu.py /tmp/peer.json --bench /tmp --cases "$cases" > /tmp/peer.log 2>&1 & echo $! > /tmp/peer.pid)
python3 $D/unpack.py $R "$@"
nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap,clocks.sm --format=csv,noheader
