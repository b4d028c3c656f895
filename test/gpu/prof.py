import json, sys
for f in sys.argv[1:]:
    d = json.load(open(f)); print(f, 'wall %.1f s' % d['wall'])
    rows = sorted(d['calls'].items(), key=lambda kv: -kv[1]['seconds'])
    print('  in the binding %.1f s' % sum(v['seconds'] for _, v in rows))
    for k, v in rows[:28]: print('  %8.3f s %7d calls %9.3f ms each, longest %8.0f ms, from %6.1f to %6.1f s  %s' % (v['seconds'], v['calls'], 1e3 * v['seconds'] / v['calls'], v['longest'], v['first'] / 1e3, v['last'] / 1e3, k[:110]))
