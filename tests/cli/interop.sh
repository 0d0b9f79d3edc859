#!/bin/sh
# Other programs read our files: Python's safetensors, PyTorch. Each part only where installed; skipped where none is.
. "$2/tests/cli/lib.sh"
pictures pictures 24
expect 0 "$limner" train pictures -o run $tiny --steps 6
ran=77
for other in "$python" /usr/bin/python3; do
    "$other" -c 'import safetensors, numpy' 2>/dev/null || continue
    "$other" - <<'P' || fail "Python's safetensors reads something else"
from safetensors.numpy import load_file
from safetensors import safe_open
for name in "checkpoint", "generator":
    tensors = load_file(f"run/{name}.safetensors")
    assert tensors["generator.0.weight"].shape[:2] == (4, 4) and tensors["generator.0.weight"].std() > 0
    assert ("discriminator.0.weight" in tensors) == (name == "checkpoint")
    with safe_open(f"run/{name}.safetensors", "np") as file:
        assert file.metadata()["holds"] == name and len(file.metadata()["model_hash"]) == 16
P
    ran=0
    break
done
for other in "$python" /usr/bin/python3; do
    "$other" -c 'import torch, numpy' 2>/dev/null || continue
    for kernel in 4 5; do
        expect 0 "$limner" train pictures -o k$kernel $tiny --kernel $kernel --steps 6
        expect 0 "$limner" sample k$kernel --device cpu --threads 1 --seeds 1-16 --grid 4x4 -o k$kernel.png
        expect 0 "$fourth" 16 100
        cp out latents-$kernel
        PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root/samples/interop" "$other" - $kernel "$root" <<'P' ||
import struct, sys, zlib
import numpy as np, torch, to_torch
kernel = sys.argv[1]
z = torch.tensor([[float(v) for v in line.split()] for line in open(f"latents-{kernel}")])
net = to_torch.load(f"k{kernel}/generator.safetensors")
with torch.no_grad():
    x = net(z[:, :, None, None]).permute(0, 2, 3, 1).numpy()
theirs = np.clip(np.floor(x * 127.5 + 128), 0, 255).astype(int)
data, at, idat = open(f"k{kernel}.png", "rb").read(), 8, b""
while at < len(data):
    length, kind = struct.unpack(">I4s", data[at:at + 8])
    idat += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
    at += length + 12
edge = 4 * 18 + 2
raw, rows, above = zlib.decompress(idat), [], bytes(3 * edge)
for y in range(edge):
    f, row = raw[y * (3 * edge + 1)], bytearray(raw[y * (3 * edge + 1) + 1:(y + 1) * (3 * edge + 1)])
    for i in range(3 * edge):
        a, b, c = (row[i - 3] if i > 2 else 0), above[i], (above[i - 3] if i > 2 else 0)
        p = a + b - c
        nearest = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
        row[i] = (row[i] + (0, a, b, (a + b) // 2, nearest)[f]) % 256
    rows.append(bytes(row))
    above = bytes(row)
grid = np.frombuffer(b"".join(rows), np.uint8).reshape(edge, edge, 3).astype(int)
ours = np.stack([grid[2 + i // 4 * 18:][:16, 2 + i % 4 * 18:][:, :16] for i in range(16)])
assert ours.std() > 0 and abs(ours - theirs).max() <= 1, abs(ours - theirs).max()
assert (ours != theirs).mean() < 0.001, (ours != theirs).mean()
P
            fail "PyTorch paints other pictures, kernel $kernel"
    done
    ran=0
    break
done
exit $ran
