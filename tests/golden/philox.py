"""limner's random numbers (include/limner/random.h) in numpy: Philox 4x32-10."""
import numpy as np


def philox(counter, key):
    c = [x.astype(np.uint64) for x in counter]
    k = [np.uint64(x) for x in key]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k[0], p1 & low, (p0 >> np.uint64(32)) ^ c[3] ^ k[1], p0 & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return c


def words(seed, purpose, index, count):
    one = lambda x: np.array([x], np.uint64)
    key = philox([one(seed & 0xFFFFFFFF), one(seed >> 32), one(purpose), one(0)], (0, 0))
    block = np.arange((count + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(block)
    out = philox([block, zero, zero + np.uint64(index), zero], (key[0][0], key[1][0]))
    return np.stack(out, 1).reshape(-1)


def uniform(seed, purpose, index, count):
    return ((words(seed, purpose, index, count) >> np.uint64(8)).astype(np.float64) * 2.0**-24).astype(np.float32)[:count]


def normal(seed, purpose, index, count):
    pair = words(seed, purpose, index, count).astype(np.float64).reshape(-1, 2)
    pair = (pair + 0.5) * 2.0**-32
    radius, angle = np.sqrt(-2.0 * np.log(pair[:, 0])), 6.283185307179586 * pair[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(-1).astype(np.float32)[:count]
