# A further call: only parts.
D=/tmp/dev; python3 $D/unpack.py /tmp/ft "$@"; tail -12 /tmp/peer.log; cp /tmp/peer.log $OUT/
