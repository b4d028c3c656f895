# What the machine has. Prints little.
nvidia-smi --query-gpu=name,driver_version,memory.total,memory.used,compute_cap,compute_mode,clocks.sm --format=csv,noheader
echo "LD_LIBRARY_PATH=$LD_LIBRARY_PATH CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES"; ldd --version | head -1; nproc; which ptxas node g++ xz zstd; df -h /tmp | tail -1
python3 - <<'P'
import sys, os, glob, nvidia
print(sys.version.split()[0]); 
for p in nvidia.__path__:
    for f in sorted(glob.glob(p + '/**/lib*.so.*', recursive=True)): print(os.path.getsize(f) // 1000, 'KB', f.replace(p, 'NV'))
    print('NV =', p)
P
ldconfig -p | grep -E 'libcuda\.so|nvidia-ml|libcudnn|libcublas|libcudart|libnccl' ; ls /usr/local/nvidia/lib* 2>/dev/null | head -20; ls /usr/local/cuda/lib64/*.so.1[0-9] 2>/dev/null | head -30
strings -a $(ldconfig -p | awk '/libstdc\+\+\.so\.6/{print $NF; exit}') 2>/dev/null | grep -E '^GLIBCXX_3\.4\.[0-9]+$' | sort -V | tail -1
