"""Which kernels TensorFlow has for some ops, asked of the library itself: python3 kernels.py FOLDER OP…  (CPU|GPU: constraints, host-memory arguments)"""
import ctypes, sys, collections
folder = sys.argv[1]
ctypes.CDLL(folder + '/libtensorflow_framework.so.2', ctypes.RTLD_GLOBAL); L = ctypes.CDLL(folder + '/libtensorflow_cc.so.2', ctypes.RTLD_GLOBAL)
class Buf(ctypes.Structure): _fields_ = [('data', ctypes.c_void_p), ('length', ctypes.c_size_t), ('d', ctypes.c_void_p)]
L.TF_NewStatus.restype = ctypes.c_void_p; L.TF_GetRegisteredKernelsForOp.restype = ctypes.POINTER(Buf); L.TF_GetRegisteredKernelsForOp.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
status = L.TF_NewStatus()
DT = {1: 'f32', 2: 'f64', 3: 'i32', 4: 'u8', 5: 'i16', 6: 'i8', 7: 'str', 8: 'c64', 9: 'i64', 10: 'bool', 14: 'bf16', 17: 'u16', 18: 'c128', 19: 'f16', 20: 'res', 22: 'u32', 23: 'u64'}
def fields(b):
    i = 0
    def varint():
        nonlocal i
        v = s = 0
        while True:
            c = b[i]; i += 1; v |= (c & 127) << s; s += 7
            if c < 128: return v
    while i < len(b):
        k = varint(); f, w = k >> 3, k & 7
        if w == 0: yield f, varint()
        elif w == 2: n = varint(); yield f, b[i:i + n]; i += n
        elif w == 5: yield f, b[i:i + 4]; i += 4
        elif w == 1: yield f, b[i:i + 8]; i += 8
def kernels(op):
    p = L.TF_GetRegisteredKernelsForOp(op.encode(), status).contents
    out = []
    for _, k in fields(ctypes.string_at(p.data, p.length) if p.length else b''):
        dev, cons, host = '', {}, []
        for f, v in fields(k):
            if f == 2: dev = v.decode()
            if f == 3:
                name, types = '', []
                for g, w in fields(v):
                    if g == 1: name = w.decode()
                    if g == 2:
                        for h, x in fields(w):
                            if h == 1:
                                for y, z in fields(x):
                                    if y == 6: types += [z] if isinstance(z, int) else list(z)
                cons[name] = [DT.get(t, t) for t in types]
            if f == 4: host.append(v.decode())
        out.append((dev, cons, host))
    return out
if __name__ == '__main__':
    for op in sys.argv[2:]:
        ks = kernels(op); by = collections.defaultdict(list)
        for d, c, h in ks: by[d].append(' '.join(f"{n}={'/'.join(map(str, t))}" for n, t in c.items()) + (f' host:{",".join(h)}' if h else ''))
        print(f"{op:38s} GPU: {'; '.join(sorted(set(by['GPU']))) if 'GPU' in by else 'DEFAULT (any device)' if 'DEFAULT' in by else 'NONE'}" + ('' if 'CPU' in by else '   (no CPU)'))
