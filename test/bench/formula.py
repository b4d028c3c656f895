"""Values that ft makes too, from a variable's name alone: equal losses then show equal work, and no file is shared."""
import numpy as np


def u(name, n):
    """The n numbers in [-0.5, 0.5) that test/train/formula.ts makes from a name."""
    h = 2166136261
    for byte in name.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    x = (np.arange(n, dtype=np.uint64) * 2654435761 + h) & 0xFFFFFFFF
    x ^= x >> 16
    x = (x * 0x85EBCA6B) & 0xFFFFFFFF
    x ^= x >> 13
    x = (x * 0xC2B2AE35) & 0xFFFFFFFF
    x ^= x >> 16
    return x.astype(np.float64) / 2**32 - .5


def values(name, shape):
    """What networks.ts calls formulaValues, in ft's layout."""
    role = name.split('/')[-1]
    scale, shift = {'bias': (.2, 0), 'beta': (.2, 0), 'mean': (.2, 0), 'gamma': (.2, 1), 'variance': (.2, 1)}.get(role, (0, 0))
    if role == 'kernel':
        fan_in = int(np.prod(shape[:2] if '_depthwise' in name else shape[:-1]))
        scale = np.sqrt(24 / fan_in) * (.3 if name.endswith(('_c/kernel', '_project/kernel')) else 1)
    return (u(name, int(np.prod(shape))) * scale + shift).astype(np.float32).reshape(shape)


def pixels(batch, side):
    """The bytes of step.ts's batch, NHWC."""
    drawn = (u('pixels', batch * side * side * 3) + .5) * 256
    return np.floor(drawn).astype(np.uint8).reshape(batch, side, side, 3)
