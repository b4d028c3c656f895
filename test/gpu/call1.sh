# First call: survey, PyTorch's benchmark in the background, the part that came.
T=$OUT; export OUT=/tmp/o1${TAG}; mkdir -p $OUT; trap 'tar czf $T/call1${TAG}.tgz -C $OUT .' EXIT
D=/tmp/dev; R=/tmp/ft; mkdir -p $R; t0=$(date +%s.%N)
cp -r $D/pytorch $D/formula.py /tmp/
(cd /tmp && TORCHINDUCTOR_CACHE_DIR=/tmp/inductor PYTHONUNBUFFERED=1 setsid nohup timeout 420 python3 /tmp/dev/peer_gpu.py /tmp/peer.json --bench /tmp > /tmp/peer.log 2>&1 & echo $! > /tmp/peer.pid)
python3 $D/unpack.py $R "$@"
bash $D/survey.sh 2>&1 | tee $OUT/survey.txt | cut -c1-150 | head -75
tail -5 /tmp/peer.log
