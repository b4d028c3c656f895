"""python3 check.py FOLDER cpu.json: losses beside the CPU's, nodes of the last step by device, and what ran on the host."""
import collections, glob, json, os, re, sys
folder, cpu = sys.argv[1], json.load(open(sys.argv[2]))
LINE = re.compile(r'Process node: \d+ step (\d+) \{\{node (\S+)\}\} = (\w+)\[(.*)\]\((.*)\).* device: (\S+)')
PLAIN = {'_Send', '_Recv', '_HostSend', '_HostRecv', 'Const', '_Arg', '_Retval', 'NoOp'}
for path in sorted(glob.glob(folder + '/*.rc')):
    name = os.path.basename(path)[:-3]; base = path[:-3]; rc = open(path).read().strip()
    log = open(base + '.log', errors='replace').read().splitlines()
    try: losses = json.loads(open(base + '.json').read().strip().splitlines()[-1])['losses']
    except Exception: losses = None
    key = name.removeprefix('xla-'); key = key if key in cpu else key.replace('tf32', 'fp32')
    fp32 = key.replace('bf16', 'fp32')
    off = lambda want: 'max rel %.1e' % max(abs(a - b) / abs(b) for a, b in zip(losses, want))
    print(f"{name:26s} rc {rc}", '' if losses is None else 'losses ' + ' '.join('%.7g' % x for x in losses), '' if losses is None or key not in cpu else f"CPU {off(cpu[key]['losses'])}" + (f", CPU's fp32 {off(cpu[fp32]['losses'])}" if fp32 != key else ''))
    if losses is None or rc != '0':
        shown = [l for l in log if 'Process node' not in l and re.search(r'rror|ailed|No OpKernel|nvalid|nimplemented|UNIMPL|Could not|FATAL|^F0', l)]
        for l in shown[:4] + shown[-3:]: print('    ', l[:500])
    runs = collections.defaultdict(list)
    for l in log:
        m = LINE.search(l)
        if m: runs[m[1]].append((m[2], m[3], m[4], m[6].rsplit(':', 2)[-2] + m[6].rsplit(':', 1)[-1]))
    if not runs: continue
    steps = [r for r in runs.values() if any(op == 'DecodeRaw' for _, op, *_ in r)]
    if not steps: continue
    step = steps[-1]; by = collections.Counter(d for *_, d in step)
    ops = collections.Counter(op for _, op, *_ in step)
    half = collections.Counter(op for _, op, at, _ in step if re.search(r'\bT=DT_BFLOAT16', at))
    print('    nodes', len(step), '(with stage figures %d)' % max(len(r) for r in steps), dict(by), 'most:', dict(ops.most_common(9)))
    if half: print('    bf16:', sum(half.values()), dict(half))
    host = [(op, n) for n, op, at, d in step if d.startswith('CPU') and op not in PLAIN]
    print('    on the host:', dict(collections.Counter(op for op, _ in host)), [n for _, n in host if 'Decode' not in n][:6])
    back = collections.Counter()
    for n, op, at, d in step:
        if op in ('_Send', '_HostSend') and d.startswith('GPU'):
            t = (re.search(r'tensor_name="([^"]*)"', at) or [0, '?'])[1]
            if '/out/' not in t: back[re.sub(r'^edge_\d+_', '', t)[:50]] += 1
    print('    to the host in the middle of a step:', sum(back.values()), list(back)[:8])
    print('    gpu ops of interest:', {k: ops[k] for k in ('Switch', 'Merge', 'ResourceApplyMomentum', 'Transpose', '_FusedConv2D', 'Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput', 'BatchMatMulV2', 'Cast', 'DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter') if ops[k]})
