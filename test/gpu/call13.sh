# XLA's auto-clustering, in the order of what is wanted most, until the time is up.
T=$OUT; export OUT=/tmp/o13; mkdir -p $OUT; trap 'tar czf $T/call13.tgz -C $OUT .' EXIT
D=/tmp/dev; export FT_DEV=$D; export ENDS=$(($(date +%s) + ${SECONDS_LEFT:-300}))
CASES="${CASES:-resnet50-thin:none:tf32:cache resnet50-thin:none:tf32:cache resnet50:none:bf16:xla resnet50:none:tf32:xla resnet50-thin:none:bf16:xla resnet50-thin:conv3:tf32:xla resnet50:conv3:bf16:xla resnet50:conv3:tf32:xla resnet50-thin:conv3:bf16:xla}" bash $D/bench.sh 13
