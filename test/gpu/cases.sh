# What check.sh compares and cpu.sh computes beforehand: rates at which five steps move the loss and do not amplify rounding (at 0.03
# mobilenet-v1 did: its 4th loss is 6e-4 apart on the CPU with and without oneDNN, 3e-3 on an H100).
NETS="resnet50-thin resnet50 mobilenet-v1 mobilenet-v2 efficientnet-lite0"
rate() { case $1 in resnet50-thin) echo 1e-3 ;; resnet50) echo ${R50RATE:-1e-4} ;; *) echo 0.01 ;; esac; }
five() { echo "--network $1 --batch 8 --side 64 --dropout 0 --warm 0 --steps 5 --rate $(rate $1)"; }
