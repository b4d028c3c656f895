# ops.sh KIND: stage e: which ops of a step run on the host, which tensors cross. Reads TensorFlow's executor log of two steps.
. ${FT_DEV:-/tmp/dev}/env.sh $1; OUT=${OUT:-/tmp/out}; mkdir -p $OUT
ft timeout 90 env TF_CPP_MIN_LOG_LEVEL=0 TF_CPP_VMODULE=executor=1 node --import tsx test/bench/step.ts --until ${UNTIL:-conv3} --batch 64 --warm 1 --steps 1 > $R/ops.log 2>&1; echo "ops rc $?"
python3 $D/ops.py $R/ops.log | tee $OUT/ops$KIND-${UNTIL:-conv3}.txt
gzip -c $R/ops.log > $OUT/ops$KIND.log.gz
