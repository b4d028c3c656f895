"""Asks TensorFlow's own loader which NVIDIA libraries it wants and whether it finds them; needs no card.  python3 dso.py FOLDER-OF-libtensorflow_framework"""
import ctypes, sys
L = ctypes.CDLL(sys.argv[1] + '/libtensorflow_framework.so.2', ctypes.RTLD_GLOBAL)
def call(mangled):
    buf = (ctypes.c_uint64 * 4)(); f = getattr(L, mangled); f.restype = ctypes.c_void_p; f.argtypes = [ctypes.c_void_p]; f(ctypes.addressof(buf)); return buf[0] == 1
for n, name in ((22, 'CudaDriver'), (16, 'Nvml'), (19, 'Nvshmem'), (16, 'Nccl'), (17, 'Cupti'), (20, 'Cusolver'), (20, 'Cusparse'), (17, 'Cufft'), (18, 'Cublas'), (20, 'CublasLt'), (17, 'Cudnn')):
    try: print(f'{name:11s}', 'found' if call(f'_ZN3tsl8internal9DsoLoader{n}Get{name}DsoHandleEv') else 'MISSING')
    except AttributeError as e: print(name, 'no such function')
print('TryDlopenCUDALibraries', 'ok' if call('_ZN3tsl8internal9DsoLoader22TryDlopenCUDALibrariesEv') else 'FAILED')
