"""Lists the CUDA fatbin entries of a library (by kind and architecture) and, with --keep, writes a copy in which the payloads of
all others are zeroed (the file keeps its layout, so it still loads; zeros pack to nothing).
  python3 fatbin.py LIB [--keep cubin90,cubin80 --out FILE] [--ptx 90]
An entry is renamed too? no: the arch field stays; a cubin of another architecture is never picked by the driver for an H100."""
import argparse, mmap, re, struct, sys, collections
p = argparse.ArgumentParser(); p.add_argument('lib'); p.add_argument('--keep'); p.add_argument('--out'); p.add_argument('-v', action='store_true')
a = p.parse_args()
data = bytearray(open(a.lib, 'rb').read())
view = memoryview(data)
MAGIC = b'\x50\xed\x55\xba\x01\x00\x10\x00'
stats = collections.defaultdict(lambda: [0, 0, 0]); containers = 0; sets = collections.Counter()
keep = set(a.keep.split(',')) if a.keep else None
pos = 0; zeroed = 0
while True:
    pos = data.find(MAGIC, pos)
    if pos < 0: break
    fat, = struct.unpack_from('<Q', data, pos + 8)
    start, end = pos + 16, pos + 16 + fat
    if end > len(data) or fat == 0: pos += 8; continue
    containers += 1; at = start; entries = []
    ok = True
    while at + 64 <= end:
        kind, ver, hs, size, csize, opt, minor, major, arch = struct.unpack_from('<HHIQIIHHI', data, at)
        if kind not in (1, 2, 4, 8, 16, 32, 64) or hs < 32 or hs > 512 or size > fat: ok = False; break
        flags, = struct.unpack_from('<Q', data, at + 40)
        usize, = struct.unpack_from('<Q', data, at + 56)
        entries.append((kind, arch, at, hs, size, csize, flags, usize)); at += hs + size
    if not ok: print('odd container at', hex(pos), fat, entries[-1:] , file=sys.stderr)
    name = lambda e: ({1: 'ptx', 2: 'cubin'}.get(e[0], f'kind{e[0]}')) + str(e[1])
    names = sorted({name(e) for e in entries}); sets[' '.join(names)] += 1
    for e in entries:
        s = stats[name(e) + (' z' if e[6] & 0x8000 else ' lz4' if e[6] & 0x2000 else '')]; s[0] += 1; s[1] += e[4]; s[2] += e[7]
    if keep is not None:
        # in a container with nothing that is kept, everything stays
        kept = [e for e in entries if name(e) in keep]
        best = kept
        if not kept:
            # an H100 runs the newest PTX, or a cubin of major 9
            ptx = [e for e in entries if e[0] == 1 and e[1] <= 90]
            best = [max(ptx, key=lambda e: e[1])] if ptx else []
        elif any(e[0] == 2 and e[1] == 90 for e in kept): best = [e for e in kept if not (e[0] == 1)]
        for e in entries:
            if e not in best:
                b, n = e[2] + e[3], e[4]; data[b:b + n] = bytes(n); zeroed += n
    pos = end if ok else pos + 8
print(a.lib, 'containers', containers)
for k, s in sorted(stats.items()): print(f'  {k:16s} {s[0]:6d} entries {s[1]/1e6:9.1f} MB stored {s[2]/1e6:9.1f} MB unpacked')
for k, n in sets.most_common(8): print('  set', n, k)
if a.out: open(a.out, 'wb').write(data); print('zeroed MB', zeroed / 1e6)
