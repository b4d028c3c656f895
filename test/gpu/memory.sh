# memory.sh KIND: what a step holds of the card, by TensorFlow's own allocator (its log) and by nvidia-smi, with checkpoint off and stage.
. ${FT_DEV:-/tmp/dev}/env.sh $1; OUT=${OUT:-/tmp/out}; mkdir -p $OUT; M=$R/memory; mkdir -p $M
for p in ${PRECISIONS:-fp32 bf16}; do for c in off stage; do
  n=${NETWORK:-resnet50}-${UNTIL:-none}-$p-$c
  nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -lms 100 > $M/$n.smi 2>/dev/null & SMI=$!
  ft timeout ${LIMIT:-90} env TF_FORCE_GPU_ALLOW_GROWTH=true TF_CPP_MIN_LOG_LEVEL=0 TF_CPP_VMODULE=bfc_allocator=3 node --import tsx test/bench/step.ts --network ${NETWORK:-resnet50} --until ${UNTIL:-none} --batch ${BATCH:-64} --side ${SIDE:-224} --precision $p --checkpoint $c --warm 2 --steps ${STEPS:-4} > $M/$n.json 2> $M/$n.log; rc=$?
  kill $SMI 2>/dev/null
  python3 - $M/$n $rc <<'Q' | tee -a $OUT/memory.txt
import json, re, sys
base, rc = sys.argv[1:3]
now = peak = 0; last = []; told = pool = 0; events = []
for l in open(base + '.log', errors='replace'):
    if m := re.search(r'New Peak memory usage of (\d+) bytes for GPU_0_bfc', l): told = int(m[1])
    elif m := re.search(r'AllocateRaw GPU_0_bfc  (\d+) 0x', l): events.append(int(m[1]))
    elif m := re.search(r'DeallocateRaw GPU_0_bfc (\d+)', l): events.append(-int(m[1]))
    elif m := re.search(r'Extending allocation by .* for (\w+)', l): name = m[1]
    elif (m := re.search(r'Total allocated bytes: (\S+)', l)) and name == 'GPU_0_bfc': pool = m[1]
for e in events: now += e; last.append(now)
half = last[len(last) * 2 // 3:]
smi = [int(x) for x in open(base + '.smi').read().split() if x.isdigit()]
try: d = json.loads(open(base + '.json').read().strip().splitlines()[-1]); text = 'step %.1f ms, losses %s' % (1e3 * d['seconds']['median'], ' '.join('%.6g' % x for x in d['losses'][:4]))
except Exception: text = 'no figures'
print('%-32s rc %s  allocator peak %.0f MiB (first steps and autotuning included), in the last third %.0f MiB, pool %s, nvidia-smi at most %s MiB; %s' % (base.split('/')[-1], rc, told / 2**20, max(half, default=0) / 2**20, pool, max(smi, default='?'), text), flush=True)
Q
done; done
