# bench.sh KIND: ft's step; one JSON line a case into $OUT/bench$KIND.jsonl, a short table on stdout. A case of CASES is a name below, or
# NETWORK:UNTIL:tf32|fp32|bf16:plain|xla|cache[:BATCH[:SIDE]]. None is begun after $ENDS (seconds since 1970).
. ${FT_DEV:-/tmp/dev}/env.sh $1; OUT=${OUT:-/tmp/out}; mkdir -p $OUT; J=$OUT/bench$KIND.jsonl
one() { # label, env…, -- args
  local label=$1; shift; local e=(); while [ "$1" != -- ]; do e+=("$1"); shift; done; shift
  local t=$(date +%s.%N) line
  line=$(ft timeout -k 10 ${LIMIT:-60} env "${e[@]}" node --import tsx test/bench/step.ts "$@" 2>>$OUT/bench$KIND.err | tail -1)
  printf '%s\n' "$line" | python3 -c "
import json,sys,time
s=sys.stdin.read().strip()
try: d=json.loads(s)
except Exception: print('%-44s FAILED %s'%('$label',s[-200:])); sys.exit()
d['label']='$label'; d['args']='$*'; d['wall']=time.time()-$t
open('$J','a').write(json.dumps(d)+'\n')
print('%-44s %8.0f img/s %7.2f ms (%.2f-%.2f)  process %5.1f s  host %5.0f MiB  losses %s'%('$label',d['imagesPerSecond'],1e3*d['seconds']['median'],1e3*d['seconds']['min'],1e3*d['seconds']['max'],d['wall'],d['peakMiB'],' '.join('%.6g'%x for x in d['losses'][:5])))"
}
S="--warm ${WARM:-10} --steps ${STEPS:-40}"
free() { # a case of parts
  local IFS=:; set -- $1; unset IFS; local e=(TF_CPP_MIN_LOG_LEVEL=1)
  [ $3 = fp32 ] && e+=(NVIDIA_TF32_OVERRIDE=0)
  [ $4 = xla ] && e+=(TF_XLA_FLAGS=--tf_xla_auto_jit=2 XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda)
  [ $4 = cache ] && e+=("TF_XLA_FLAGS=--tf_xla_auto_jit=2 --tf_xla_persistent_cache_directory=$R/xla --tf_xla_persistent_cache_device_types=GPU" XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda)
  LIMIT=$([ $4 = plain ] && echo ${LIMIT:-60} || echo ${XLALIMIT:-120}) one "$1 $2 $3 $4 ${5:-64}x${6:-128}" "${e[@]}" -- --network $1 --until $2 --precision $([ $3 = bf16 ] && echo bf16 || echo fp32) --batch ${5:-64} --side ${6:-128} $S
}
for c in ${CASES:-check none64 none64fp32 conv364 none32 none256 conv3256 cpu}; do [ $(date +%s) -lt ${ENDS:-9999999999} ] || { echo "$c: no time left"; continue; }; case $c in
  *:*) free $c ;;
  check) one 'check tf32' -- --batch 8 --side 64 --dropout 0 --warm 0 --steps 5 --rate 1e-3; one 'check fp32' NVIDIA_TF32_OVERRIDE=0 -- --batch 8 --side 64 --dropout 0 --warm 0 --steps 5 --rate 1e-3 ;;
  none64) one 'nothing frozen, 64, tf32' -- --until none $S ;;
  none64fp32) one 'nothing frozen, 64, fp32' NVIDIA_TF32_OVERRIDE=0 -- --until none $S ;;
  conv364) one 'until conv3, 64, tf32' -- --until conv3 $S ;;
  conv364fp32) one 'until conv3, 64, fp32' NVIDIA_TF32_OVERRIDE=0 -- --until conv3 $S ;;
  none32) one 'nothing frozen, 32, tf32' -- --until none --batch 32 $S ;;
  conv332) one 'until conv3, 32, tf32' -- --until conv3 --batch 32 $S ;;
  none256) one 'nothing frozen, 256, tf32' -- --until none --batch 256 $S ;;
  conv3256) one 'until conv3, 256, tf32' -- --until conv3 --batch 256 $S ;;
  xla) one 'nothing frozen, 64, XLA auto-jit' TF_XLA_FLAGS=--tf_xla_auto_jit=2 XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda TF_CPP_MIN_LOG_LEVEL=1 -- --until none $S ;;
  cpu) one 'nothing frozen, 64, CPU 16 cores' CUDA_VISIBLE_DEVICES=-1 -- --until none --warm 2 --steps 5 ;;
esac; done
