"""python3 unpack.py ROOT PART…: writes the chunks in place, all cores. python3 unpack.py --verify ROOT PART-INDEX…: checks whole files."""
import hashlib, json, lzma, os, struct, sys, time
from multiprocessing import Pool
def index(part):
    with open(part, 'rb') as f:
        n, = struct.unpack('<Q', f.read(8)); return json.loads(f.read(n)), 8 + n
def put(job):
    root, part, at, e = job
    with open(part, 'rb') as f: f.seek(at); packed = f.read(e['c'])
    raw = lzma.decompress(packed) if e['z'] else packed
    assert len(raw) == e['n']
    fd = os.open(os.path.join(root, e['t']), os.O_WRONLY); os.pwrite(fd, raw, e['o']); os.close(fd)
def sha(job):
    path, want = job
    h = hashlib.sha256()
    with open(path, 'rb') as f:
        while b := f.read(1 << 22): h.update(b)
    return path, h.hexdigest() == want
def main():
    args = sys.argv[1:]; t = time.time()
    if args[0] == '--verify':
        root, known = args[1], json.load(open(os.path.join(args[1], 'index.json')))
        with Pool(16) as pool: got = pool.map(sha, [(os.path.join(root, k), v) for k, v in known.items()], 1)
        bad = [p for p, ok in got if not ok]
        print('verified', len(got), 'files, wrong:', bad, round(time.time() - t, 1), 's'); sys.exit(bool(bad))
    root = args[0]; jobs = []; os.makedirs(root, exist_ok=True)
    store = os.path.join(root, 'index.json'); known = json.load(open(store)) if os.path.exists(store) else {}
    for part in args[1:]:
        entries, at = index(part)
        for e in entries:
            path = os.path.join(root, e['t']); os.makedirs(os.path.dirname(path), exist_ok=True)
            if known.get(e['t']) != e['sha']:
                with open(path, 'wb') as f: f.truncate(e['s'])
                os.chmod(path, e['m']); known[e['t']] = e['sha']
            jobs.append((root, part, at, e)); at += e['c']
    with Pool(16) as pool: pool.map(put, jobs, 1)
    json.dump(known, open(store, 'w'))
    print('unpacked', len(jobs), 'chunks', round(time.time() - t, 1), 's')
if __name__ == '__main__': main()
