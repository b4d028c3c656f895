# train.sh KIND NAME RECIPE [args]: stage c: one training with clock, binding's calls, the card's load, and (PROF=1) a CPU profile.
. ${FT_DEV:-/tmp/dev}/env.sh $1; NAME=$2; shift 2; OUT=${OUT:-/tmp/out}; mkdir -p $OUT
nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used,clocks.sm,power.draw --format=csv,noheader,nounits -lms 500 > $OUT/$NAME.smi 2>/dev/null & SMI=$!
P=; [ -n "$PROF" ] && P="--cpu-prof --cpu-prof-interval 2000 --cpu-prof-dir $R/prof-$NAME"
t=$(date +%s.%N)
ft timeout ${LIMIT:-240} env FT_PROF=$OUT/$NAME.calls.json TF_CPP_MIN_LOG_LEVEL=${LOGLEVEL:-3} node $P --import $D/prof.mjs src/cli/ft.mjs train "$@" --runs $R/runs-$NAME 2>&1 | python3 $D/stamp.py > $OUT/$NAME.log; echo "$NAME rc ${PIPESTATUS[0]} wall $(python3 -c "import time; print(round(time.time()-$t,1))") s"
kill $SMI 2>/dev/null
grep -vE '^ *[0-9.]+ *$' $OUT/$NAME.log | cut -c1-150 | tail -${LINES_SHOWN:-45}
python3 $D/prof.py $OUT/$NAME.calls.json 2>/dev/null | cut -c1-170 | head -${CALLS_SHOWN:-16}
python3 - $OUT/$NAME.smi <<'Q'
import sys
r=[l.split(', ') for l in open(sys.argv[1]) if l.count(',')>=4]
if r:
    u=[float(x[1]) for x in r]; m=[float(x[2]) for x in r]
    print('card busy: mean %.0f %%, of samples >5 %%: %.0f %% of the time, mean then %.0f %%; memory at most %.0f MiB; power at most %s W'%(sum(u)/len(u),100*sum(x>5 for x in u)/len(u),sum(x for x in u if x>5)/max(1,sum(x>5 for x in u)),max(m),max(float(x[4]) for x in r)))
Q
RUN=$(ls -d $R/runs-$NAME/*/ 2>/dev/null | grep -v latest | head -1)
[ -f $RUN/metrics.jsonl ] && { cp $RUN/metrics.jsonl $OUT/$NAME.metrics.jsonl; cp $RUN/scores.json $OUT/$NAME.scores.json 2>/dev/null; python3 - $RUN <<'Q'
import json,sys
for l in open(sys.argv[1]+'/metrics.jsonl'):
    d=json.loads(l)
    if 'images_per_second' in d: print('  %s epoch %s steps %s loss %.4f img/s %.0f waiting %.3f val %.4f'%(d['phase'],d['epoch'],d['steps'],d['loss'],d['images_per_second'],d['waiting'],d['validation'] or 0))
try:
    s=json.load(open(sys.argv[1]+'/scores.json'))
    print('  '+'; '.join('%s %.4f/%.4f'%(k,v['recall_at_1'],v['map_at_r']) for k,v in s.items() if isinstance(v,dict) and 'recall_at_1' in v), 'exported', s.get('exported'))
except Exception as e: print('no scores', e)
Q
}
[ -n "$PROF" ] && { python3 $D/cpuprof.py $R/prof-$NAME/*.cpuprofile > $OUT/$NAME.cpuprof.txt 2>&1; head -20 $OUT/$NAME.cpuprof.txt | cut -c1-140; }
