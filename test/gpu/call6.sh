# Stages d and e.
T=$OUT; export OUT=/tmp/o6${TAG}; mkdir -p $OUT; trap 'tar czf $T/call6${TAG}.tgz -C $OUT .' EXIT
D=/tmp/dev; export FT_DEV=$D; K=${1:-13}
CASES="${CASES:-check none64 conv364 none64fp32 none32 conv332 none256 conv3256 xla cpu}" bash $D/bench.sh $K
UNTIL=conv3 bash $D/ops.sh $K > $OUT/ops.out 2>&1; head -c 5000 $OUT/ops.out
