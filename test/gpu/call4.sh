# The last parts, all of it checked and laid out, then stages b and c.
T=$OUT; export OUT=/tmp/o4${TAG}; mkdir -p $OUT; trap 'tar czf $T/call4${TAG}.tgz -C $OUT .' EXIT
D=/tmp/dev; R=/tmp/ft; export FT_DEV=$D
python3 $D/unpack.py $R "$@"; python3 $D/unpack.py --verify $R || exit 9
tar xf $R/app.tar -C $R && rm $R/app.tar; chmod 700 $R/home
bash $D/lay.sh
bash $D/load.sh 13
cp /tmp/peer.log /tmp/peer.json $OUT/ 2>/dev/null
grep -q 'gpu true' $OUT/load13.log || { echo 'NO GPU: nothing more in this call'; tail -5 /tmp/peer.log; exit 0; }
LINES_SHOWN=10 CALLS_SHOWN=12 LIMIT=120 bash $D/train.sh 13 smoke smoke
