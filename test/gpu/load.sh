# load.sh KIND: stage b. Logs to $OUT.
. ${FT_DEV:-/tmp/dev}/env.sh $1; OUT=${OUT:-/tmp/out}; mkdir -p $OUT
t=$(date +%s.%N)
ft timeout 150 env TF_CPP_MIN_LOG_LEVEL=0 TF_CPP_VMODULE=dso_loader=1,gpu_device=1,cuda_dnn=1 node --import tsx $D/load.mts > $OUT/load$KIND.log 2>&1; echo "load rc $?"
echo "first process: $(python3 -c "import time; print(round(time.time()-$t,1))") s"
grep -hE 'dso_loader|Created device|cuDNN|CuDNN|Cannot dlopen|rror|ailed|ptxas|PTX|TF32|compute capab' $OUT/load$KIND.log | sed -E 's/^([IWEF])[0-9]+ [0-9:.]+ +[0-9]+ /\1 /' | cut -c1-230 | awk '!s[$0]++' | head -40
echo ---; grep -vE '^[IWEF][0-9]{4} |^WARNING' $OUT/load$KIND.log | cut -c1-300 | tail -25
du -sh $R/nvcache 2>/dev/null
