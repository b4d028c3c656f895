"""Packs files into parts that travel: python3 pack.py PREFIX PARTBYTES SRC=TARGET…  Each part is self-contained: 8 bytes length, JSON index, xz chunks."""
import hashlib, json, lzma, os, stat, struct, sys
prefix, limit, pairs = sys.argv[1], int(sys.argv[2]), [s.split('=', 1) for s in sys.argv[3:]]
CHUNK = 24 << 20
part, index, blobs, size = 0, [], [], 0
def flush():
    global part, index, blobs, size
    if not index: return
    part += 1
    head = json.dumps(index).encode()
    with open(f'{prefix}{part}.bin', 'wb') as out:
        out.write(struct.pack('<Q', len(head))); out.write(head)
        for b in blobs: out.write(b)
    print(f'{prefix}{part}.bin', os.path.getsize(f'{prefix}{part}.bin') / 2**20, 'MiB', flush=True)
    index, blobs, size = [], [], 0
for source, target in pairs:
    raw = open(source, 'rb').read(); mode = stat.S_IMODE(os.stat(source).st_mode)
    whole = hashlib.sha256(raw).hexdigest()
    for at in range(0, max(1, len(raw)), CHUNK):
        piece = raw[at:at + CHUNK]
        packed = lzma.compress(piece, lzma.FORMAT_XZ, lzma.CHECK_CRC32, filters=[{'id': lzma.FILTER_X86}, {'id': lzma.FILTER_LZMA2, 'preset': 7}]) if source[-4:] not in ('.tgz', '.txz', '.rar') else piece
        if size + len(packed) > limit: flush()
        index.append(dict(t=target, o=at, n=len(piece), c=len(packed), s=len(raw), m=mode, sha=whole, z=packed is not piece)); blobs.append(packed); size += len(packed)
    print(target, len(raw) / 1e6, 'MB', flush=True)
flush()
