# check.sh KIND: five steps of every network, in fp32 (TF32 off) and bf16, against the CPU's losses (cpu.json, by cpu.sh), each with the
# executor's log: where every node ran. All at once: nothing here is timed.
. ${FT_DEV:-/tmp/dev}/env.sh $1; OUT=${OUT:-/tmp/out}; C=$R/check; mkdir -p $C $OUT
EXECUTOR="TF_CPP_MIN_LOG_LEVEL=0 TF_CPP_VMODULE=executor=1"; XLA="TF_XLA_FLAGS=--tf_xla_auto_jit=2 XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda TF_CPP_MIN_LOG_LEVEL=1"
one() { # name, environment, arguments of step.ts, seconds (a limit that is met ends ptxas too, which then reads like a fault of XLA)
  while [ $(jobs -rp | wc -l) -ge ${JOBS:-14} ]; do wait -n; done
  (ft timeout -k 10 ${4:-${LIMIT:-150}} env NVIDIA_TF32_OVERRIDE=0 TF_FORCE_GPU_ALLOW_GROWTH=true $2 node --import tsx test/bench/step.ts $3 > $C/$1.json 2> $C/$1.log; echo $? > $C/$1.rc) &
}
. $D/cases.sh
[ -z "$ONLY" ] && for name in resnet50-thin mobilenet-v2; do for p in fp32 bf16; do one xla-$name-$p "$XLA" "$(five $name) --until none --precision $p" ${XLALIMIT:-260}; done; done
for name in ${ONLY:-$NETS}; do for p in fp32 bf16; do
  one $name-$p "$EXECUTOR" "$(five $name) --until none --precision $p"
done; done
[ -z "$ONLY" ] && {
  one checkpoint-stage "$EXECUTOR" "$(five resnet50) --until conv3 --checkpoint stage"
  one resnet50-thin-tf32 "NVIDIA_TF32_OVERRIDE=1" "$(five resnet50-thin) --until none"
  for name in resnet50-thin resnet50; do for p in fp32 bf16; do one conv3-$name-$p "$EXECUTOR" "--network $name --until conv3 --batch 64 --warm 0 --steps 3 --precision $p"; done; done
}
wait
python3 $D/check.py $C $D/cpu.json | tee $OUT/check.txt
for l in $C/*.log; do grep -avE 'Process node' $l | head -c 20000; done > $OUT/check.err
