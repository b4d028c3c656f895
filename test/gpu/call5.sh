# Stage c, the whole recipe; then what PyTorch has measured.
T=$OUT; export OUT=/tmp/o5${TAG}; mkdir -p $OUT; trap 'tar czf $T/call5${TAG}.tgz -C $OUT .' EXIT
D=/tmp/dev; export FT_DEV=$D
for i in $(seq ${WAIT:-40}); do grep -q 'PEER DONE' /tmp/peer.log && break; kill -0 $(cat /tmp/peer.pid) 2>/dev/null || break; sleep 1; done; echo "waited $i s for PyTorch"
grep -q 'PEER DONE' /tmp/peer.log || kill -- -$(cat /tmp/peer.pid) 2>/dev/null; kill $(cat /tmp/peer.pid) 2>/dev/null
cp /tmp/peer.log /tmp/peer.json $OUT/ 2>/dev/null
PROF=1 LINES_SHOWN=22 CALLS_SHOWN=22 LIMIT=${LIMIT:-300} bash $D/train.sh 13 semi resnet-semihard --set seed=0
tail -30 /tmp/peer.log | cut -c1-170
