#!/usr/bin/env python3
"""Writes eval.txt: the numbers of limner/eval.h, computed anew in numpy and double from docs/evaluation.md, for the pictures
that tests/support/drawings.h draws. Run it by hand (needs numpy; tried with 2.x): python3 tests/golden/make_eval.py"""
import os

import numpy as np

from philox import normal, uniform

EVAL, NEIGHBORS = 6, 5  # enum lim_random_purpose; LIM_EVAL_NEIGHBORS
CASES = {"color": (32, 3, 96), "gray": (48, 1, 64), "large": (128, 3, 40)}  # size, channels, count


def draw(size, channels, kind, i):
    """tests/support/drawings.h: a disc or a square, a bar at the left, eyes, a texture."""
    state = kind * 65536 + i
    state = (state ^ state >> 16) * 0x7FEB352D & 0xFFFFFFFF
    state = (state ^ state >> 15) * 0x846CA68B & 0xFFFFFFFF
    state ^= state >> 16

    def byte():
        nonlocal state
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        return state >> 24

    for _ in range(4):
        byte()
    mode = i % 4
    back, front = [byte() // 2 + (0 if mode < 2 else 128) for _ in range(3)], [byte() for _ in range(3)]
    cx, cy = size // 2 + byte() % (size // 8) - size // 16, size // 2 + byte() % (size // 8) - size // 16
    radius, grain = size // 4 + byte() % (size // 8), byte()
    out = np.zeros((size, size, channels), np.uint8)
    for y in range(size):
        for x in range(size):
            dx, dy = x - cx, y - cy
            inside = dx * dx + dy * dy < radius * radius if mode < 2 else abs(dx) + abs(dy) < radius * 3 // 2
            bar = x < size // 4 and y % (size // 4) < size // 16
            eye = mode % 2 and abs(dy + radius // 4) < size // 16 and radius // 4 < abs(dx) < radius // 2
            texture = (x * x * 7 + y * 13 + x * y * 3 + grain) % 32 - 16
            for k in range(channels):
                v = 250 if eye else 30 if bar else front[k] if inside else back[k]
                out[y, x, k] = min(max(v + texture, 0), 255)
    return out


def painted(size, channels, n):
    """What stands for painted pictures: two of three are too red, every fifth is coarse, every seventh is a real."""
    out = np.stack([draw(size, channels, 3 if i % 7 else 1, i) for i in range(n)]).astype(int)
    for i in range(n):
        if i % 7 and i % 3:
            out[i, :, :, 0] = np.minimum(out[i, :, :, 0] + 60, 255)
        if i % 7 and i % 5 == 0:
            out[i, 1::2] = out[i, ::2]
    return out.astype(np.uint8)


def adaptive(x, cells):
    n, side = x.shape[0], x.shape[1]
    cut = [(i * side // cells, -(-(i + 1) * side // cells)) for i in range(cells)]
    return np.stack([x[:, a:b, c:d].mean((1, 2)) for a, b in cut for c, d in cut], 1).reshape(n, -1)


def reduce(p):
    f = 1
    while p.shape[1] // f > 64:
        f *= 2
    n, s = p.shape[0], p.shape[1] // f
    return p.astype(float).reshape(n, s, f, s, f, -1).mean((2, 4)) / 127.5 - 1


def network(p, seed):
    x, wide, narrow = reduce(p), [], []
    for layer, filters in enumerate((16, 32, 64)):
        n, side, _, c = x.shape
        w = normal(seed, EVAL, layer, 16 * c * filters).astype(float).reshape(4, 4, c, filters) / np.sqrt(16 * c)
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        out = (side - 2) // 2 + 1
        x = sum(np.einsum("nijc,ck->nijk", padded[:, r:r + 2 * out:2, s:s + 2 * out:2][:, :out, :out], w[r, s])
                for r in range(4) for s in range(4))
        x = np.where(x > 0, x, 0.2 * x)
        wide.append(adaptive(x, 4))
        narrow.append(x.mean((1, 2)))
    return wide, narrow


def scaled(blocks, of):
    """Each block less the mean of all reals' and with a total variance of 1/blocks over them."""
    return np.concatenate([(b - r.mean(0)) / np.sqrt(r.var(0, ddof=1).sum() * len(of)) for b, r in zip(blocks, of)], 1)


def root(a):
    values, vectors = np.linalg.eigh(a)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def frechet(r, p):
    a, b = np.cov(r.T), np.cov(p.T)
    ra = root(a)
    return ((r.mean(0) - p.mean(0))**2).sum() + np.trace(a + b - 2 * root(ra @ b @ ra))


def distances(a, b):
    return np.sqrt(np.maximum(((a[:, None, :] - b[None, :, :])**2).sum(2), 0))


def numbers(r, p):
    n = len(r)
    rr, pp, rp = distances(r, r), distances(p, p), distances(r, p)
    off = ~np.eye(n, dtype=bool)
    kth = lambda d: np.sort(np.where(off, d, np.inf), 1)[:, NEIGHBORS - 1]
    near = lambda d: np.where(off, d, np.inf).min(1)
    k = lambda a, b: (a @ b.T + 1)**3
    h = np.where(off, k(r, r) + k(p, p) - k(r, p) - k(p, r), 0)
    mmd = h.sum() / (n * (n - 1))
    without = [(h.sum() - 2 * h[i].sum()) / ((n - 1) * (n - 2)) for i in range(n)]
    return dict(coverage=(rp.min(1) < kth(rr)).mean(), density=(rp < kth(rr)[:, None]).sum() / (NEIGHBORS * n),
                precision=(rp < kth(rr)[:, None]).any(0).mean(), recall=(rp < kth(pp)[None, :]).any(1).mean(),
                nn_real=(near(rr) < rp.min(1)).mean(), nn_painted=(near(pp) < rp.min(0)).mean(),
                spread=pp[off].mean() / rr[off].mean(), kid=mmd,
                kid_error=np.sqrt((n - 1) / n * ((without - np.mean(without))**2).sum()))


def copies(r, p, o, searched):
    """nearest, memorized, distinct: r reals, p painted, o other reals, `searched` reals."""
    n = len(r)
    off = ~np.eye(n, dtype=bool)
    same = np.sort(np.where(off, distances(r, r), np.inf).min(1))[int(0.01 * n)]
    other, mine = np.sort(distances(searched, o).min(0)), distances(searched, p).min(0)
    pairs = (distances(p, p)[np.triu(off)] <= same).sum()
    return dict(nearest=np.sort(mine)[int(0.5 * n)] / other[int(0.5 * n)], memorized=(mine < other[int(0.01 * n)]).mean(),
                distinct=n * (n - 1) / 2 / max(pairs, 1))


def blur(x):
    for axis in (1, 2):
        x = np.moveaxis(x, axis, 0)
        e = np.concatenate([x[2:0:-1], x, x[-2:-4:-1]])
        n = len(x)
        x = (e[:n] + 4 * e[1:n + 1] + 6 * e[2:n + 2] + 4 * e[3:n + 3] + e[4:n + 4]) / 16
        x = np.moveaxis(x, 0, axis)
    return x


def pyramid(p):
    g, levels = p.astype(float) / 127.5 - 1, []
    while (g.shape[1] + 1) // 2 >= 16:
        small = blur(g)[:, ::2, ::2]
        up = np.zeros_like(g)
        up[:, ::2, ::2] = small
        levels.append(g - 4 * blur(up))
        g = small
    return levels + [g]


def patches(level, index):
    n, side, _, c = level.shape
    each = min(max(32768 // n, 4), 64)
    places = (uniform(0, EVAL, 1 + index, 2 * n * each).astype(float) * (side - 6)).astype(int).reshape(n, each, 2)
    x = np.stack([level[i, t:t + 7, l:l + 7] for i in range(n) for t, l in places[i]])
    std = x.std((0, 1, 2))
    return ((x - x.mean((0, 1, 2))) / std).reshape(len(x), -1), np.sqrt((std**2).mean())


def slices(r, p):
    swd, detail = [], []
    for i, (a, b) in enumerate(zip(pyramid(r), pyramid(p))):
        (a, sa), (b, sb) = patches(a, i), patches(b, i)
        d = normal(0, EVAL, 0, a.shape[1] * 128).astype(float).reshape(-1, 128)
        d /= np.sqrt((d**2).sum(0))
        swd.append(1000 * np.abs(np.sort(a @ d, 0) - np.sort(b @ d, 0)).mean())
        detail.append(sb / sa)
    return swd, detail


def main():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval.txt"), "w") as out:
        for case, (size, channels, n) in CASES.items():
            searched = np.stack([draw(size, channels, 1, i) for i in range(n + n // 2)])
            reals, others = searched[:n], np.stack([draw(size, channels, 2, i) for i in range(n)])
            fakes = painted(size, channels, n)
            result, per_net = {}, []
            for net in (1, 2):
                (rw, rn), (ow, on), (pw, pn) = network(reals, net), network(others, net), network(fakes, net)
                allw, alln = ([np.concatenate(pair) for pair in zip(*both)] for both in ((rw, ow), (rn, on)))
                r, p = scaled(rw, allw), scaled(pw, allw)
                per_net.append(dict(numbers(r, p), frechet=frechet(scaled(rn, alln), scaled(pn, alln))))
                if net == 1:
                    result.update(copies(r, p, scaled(ow, allw), scaled(network(searched, 1)[0], allw)))
            for name in per_net[0]:
                values = [v[name] for v in per_net]
                result[name], result[name + "_deviation"] = np.mean(values), np.std(values, ddof=1)
            gists = [adaptive(reduce(x), 8) for x in (reals, others, fakes)]
            r, p = (scaled([x], [np.concatenate(gists[:2])]) for x in (gists[0], gists[2]))
            g = dict(numbers(r, p), frechet=frechet(r, p))
            result.update({"gist_" + name: v for name, v in g.items()})
            for what, values in zip(("swd", "detail"), slices(reals, fakes)):
                result.update({f"{what}_{i}": v for i, v in enumerate(values)})
            for name, value in result.items():
                out.write(f"{case} {name} {value:.9g}\n")


main()
