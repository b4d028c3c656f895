import collections, re, sys
line = re.compile(r'Process node: \d+ step (\d+) \{\{node (\S+)\}\} = (\w+)\[(.*)\]\((.*)\).* device: (\S+)')
runs = collections.defaultdict(list)
for l in open(sys.argv[1], errors='replace'):
    m = line.search(l)
    if m: runs[m[1]].append((m[2], m[3], m[4], m[6].rsplit(':', 2)[-2] + ':' + m[6].rsplit(':', 1)[-1]))
print({k: len(v) for k, v in runs.items()})
step = list(runs.values())[-1]
print('last run: nodes', len(step), collections.Counter(d for *_, d in step))
by = collections.defaultdict(collections.Counter)
for n, op, at, d in step: by[d][op] += 1
for d in by: print(d, dict(by[d].most_common(60)))
print('crossings:')
for n, op, at, d in step:
    if op in ('_Send', '_Recv', '_HostSend', '_HostRecv'):
        g = lambda k: (re.search(k + r'="([^"]*)"', at) or [0, '?'])[1]
        dt = (re.search(r'tensor_type=(\w+)', at) or re.search(r'T=(\w+)', at) or [0, '?'])[1]
        print('  %-9s on %s %s -> %s %s %s' % (op, d, g('send_device')[-5:], g('recv_device')[-5:], dt, g('tensor_name')[:90]))
print('on the host, other than constants, arguments and crossings:')
for n, op, at, d in step:
    if d.startswith('CPU') and op not in ('_Send', '_Recv', '_HostSend', '_HostRecv', 'Const', '_Arg', '_Retval', 'NoOp'): print('  %-24s %s' % (op, n[:100]))
