# . env.sh KIND: how ft is called. KIND 13: CUDA 13's libraries under CUDA 12's names; 12: the real ones, found by rpath.
R=${FT_ROOT:-/tmp/ft}; D=${FT_DEV:-/tmp/dev}; NV=$R/home/.cache/ft/native/nvidia; KIND=${1:-13}
BASE_LD=$LD_LIBRARY_PATH
FTENV="env HOME=$R/home PATH=$R/bin:$PATH XDG_CACHE_HOME= CUDA_CACHE_PATH=$R/nvcache CUDA_CACHE_MAXSIZE=2147483648"
[ $KIND = 13 ] && FTENV="$FTENV LD_LIBRARY_PATH=$R/links13:$(cat $R/dirs13 2>/dev/null):$BASE_LD"
ft() { (cd $R/repo && $FTENV "$@"); }
[ $KIND = 12 ] && FTENV="$FTENV LD_LIBRARY_PATH=$NV/cuda_runtime/lib:$NV/cublas/lib:$NV/cudnn/lib:$R/links12:$(cat $R/dirs13):$BASE_LD"
true
