# The real CUDA 12 libraries (pruned to sm_90): stages b, c (smoke) and d with them.
T=$OUT; export OUT=/tmp/o7; mkdir -p $OUT; trap 'tar czf $T/call7.tgz -C $OUT .' EXIT
D=/tmp/dev; R=/tmp/ft; export FT_DEV=$D
python3 $D/unpack.py $R "$@"; python3 $D/unpack.py --verify $R
bash $D/load.sh 12
grep -q 'gpu true' $OUT/load12.log || exit 0
CASES="${CASES:-check none64 conv364}" bash $D/bench.sh 12
LINES_SHOWN=8 CALLS_SHOWN=6 LIMIT=90 bash $D/train.sh 12 smoke12 smoke
