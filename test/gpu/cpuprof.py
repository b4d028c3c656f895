"""Self time of a .cpuprofile by function, and inclusive time of a few of ours."""
import json, sys, collections
for f in sys.argv[1:]:
    d = json.load(open(f)); nodes = {n['id']: n for n in d['nodes']}; parent = {c: n['id'] for n in d['nodes'] for c in n.get('children', [])}
    self_, incl = collections.Counter(), collections.Counter()
    def key(n):
        c = n['callFrame']; return (c['functionName'] or '(anonymous)') + ' ' + '/'.join(c['url'].split('/')[-2:]) + ':' + str(c['lineNumber'] + 1)
    per = collections.Counter()
    for s, dt in zip(d['samples'], d['timeDeltas']): per[s] += dt
    total = sum(per.values())
    for i, t in per.items():
        self_[key(nodes[i])] += t; seen = set(); j = i
        while j is not None:
            k = key(nodes[j])
            if k not in seen: incl[k] += t; seen.add(k)
            j = parent.get(j)
    print(f, 'total %.1f s' % (total / 1e6))
    for k, t in self_.most_common(25): print('  self %7.2f s %5.1f %%  %s' % (t / 1e6, 100 * t / total, k))
    for k, t in incl.most_common(400):
        if '/src/' in k or any(w in k for w in ('run/', 'train/', 'data/', 'evaluate/', 'runtime/', 'heads/', 'report/', 'export/', 'trace/')): print('  incl %7.2f s %5.1f %%  %s' % (t / 1e6, 100 * t / total, k)) if t > total * 0.01 else None
