# ft's step plain, the card's memory, and both phases through ft itself.
T=$OUT; export OUT=/tmp/o12; mkdir -p $OUT; trap 'tar czf $T/call12.tgz -C $OUT .' EXIT
D=/tmp/dev; export FT_DEV=$D; export ENDS=$(($(date +%s) + ${SECONDS_LEFT:-300}))
cases=; for n in resnet50-thin resnet50; do for u in none conv3; do for p in tf32 bf16; do cases="$cases $n:$u:$p:plain"; done; done; done
CASES="$cases resnet50-thin:none:fp32:plain resnet50:none:fp32:plain resnet50-thin:none:tf32:plain resnet50-thin:none:bf16:plain" bash $D/bench.sh 13
LIMIT=60 bash $D/memory.sh 13
for p in fp32 bf16; do LINES_SHOWN=9 CALLS_SHOWN=5 LIMIT=60 bash $D/train.sh 13 smoke-$p smoke --set precision=$p; done
