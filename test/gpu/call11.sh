# The last part and today's tree laid over it; PyTorch eager, alone; then every network against the CPU.
T=$OUT; export OUT=/tmp/o11; mkdir -p $OUT; trap 'tar czf $T/call11.tgz -C $OUT .' EXIT
D=/tmp/dev; R=/tmp/ft; export FT_DEV=$D
python3 $D/unpack.py $R "$1"; python3 $D/unpack.py --verify $R || exit 9
tar xf $R/app.tar -C $R; chmod 700 $R/home; rm -rf $R/repo/src $R/repo/test $R/repo/recipes; tar xJf $2 -C $R
bash $D/lay.sh | tail -3
for i in $(seq ${WAIT:-50}); do grep -q 'PEER DONE' /tmp/peer.log && break; sleep 1; done; echo "waited $i s for PyTorch"; kill -- -$(cat /tmp/peer.pid) 2>/dev/null; kill $(cat /tmp/peer.pid) 2>/dev/null
cat /tmp/peer.log; cp /tmp/peer.log /tmp/peer.json $OUT/
cases=; for p in tf32 bf16; do for u in none conv3; do for n in resnet50-thin resnet50; do cases="$cases $n:$u:64:$p:eager"; done; done; done
(cd /tmp && timeout 60 python3 $D/peer_gpu.py $OUT/peer-eager.json --bench /tmp --cases "$cases" 2>&1 | tee $OUT/peer-eager.log)
t=$(date +%s); LIMIT=${LIMIT:-120} bash $D/check.sh 13; echo "check took $(($(date +%s) - t)) s"
