# cpu.sh: the losses that check.sh compares with, computed here on the CPU: sh test/gpu/cpu.sh > cpu.json, from the root of the clone.
. ${FT_DEV:-test/gpu}/cases.sh
run() { printf '%s"%s": %s' "$comma" $1 "$(node --import tsx test/bench/step.ts $2)"; comma=', '; }
comma='{'
for name in $NETS; do for p in fp32 bf16; do run $name-$p "$(five $name) --until none --precision $p"; done; done
run checkpoint-stage "$(five resnet50) --until conv3"
echo '}'
