# lay.sh: the NVIDIA libraries under the names that TensorFlow opens.
R=${FT_ROOT:-/tmp/ft}; NV=$R/home/.cache/ft/native/nvidia; L=$R/links13; mkdir -p $L
SP=$(python3 -c "import nvidia; print(list(nvidia.__path__)[0])" 2>/dev/null); [ -d "$SP" ] || SP=$(find / -type d -path "*site-packages/nvidia" -not -path "/proc/*" 2>/dev/null | head -1)
DIRS=$(find $SP /usr/local/cuda/lib64/ -name "lib*.so*" -not -path "*stubs*" -printf '%h\n' 2>/dev/null | sort -u | tr '\n' ':')
printf %s "$DIRS" > $R/dirs13
link() { # soname pattern
  local f=$(find $SP /usr/local/cuda/lib64/ -maxdepth 4 -name "$2" 2>/dev/null | sort | head -1)
  if [ -n "$f" ]; then ln -sf "$f" $L/$1; echo "$1 -> $f"; else echo "$1: no $2 here"; fi
}
link libcublas.so.12 'libcublas.so.13'; link libcublasLt.so.12 'libcublasLt.so.13'; link libcufft.so.11 'libcufft.so.1[0-9]'; link libcusolver.so.11 'libcusolver.so.1[0-9]'
link libcusparse.so.12 'libcusparse.so.1[0-9]'; link libcudnn.so.9 'libcudnn.so.9'; link libnccl.so.2 'libnccl.so.2'; link libcupti.so.12 'libcupti.so.13'; link libcurand.so.10 'libcurand.so.10'; link libnvrtc.so.12 'libnvrtc.so.13'
mkdir -p $NV/cuda_runtime/lib; cp ${FT_DEV:-/tmp/dev}/libcudart.so.12 $NV/cuda_runtime/lib/
# cudart is the real one of CUDA 12 (0.7 MB), carried; it lies in native/nvidia/cuda_runtime/lib, where the rpath leads.
ln -sf $NV/cuda_runtime/lib/libcudart.so.12 $L/libcudart.so.12; ls -la $L/libcudart.so.12
mkdir -p $R/links12; for l in libcufft.so.11 libcusolver.so.11 libcusparse.so.12 libnccl.so.2 libnvrtc.so.12 libcupti.so.12; do [ -e $L/$l ] && cp -P $L/$l $R/links12/; done
