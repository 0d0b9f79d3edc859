#!/usr/bin/env python3
"""Eight trainings that start at once with one empty cache folder for all; on a device too, where there is one: each
ends well, all with the same bits, and the folder holds whole files alone.
usage: race.py LIMNER ROOT"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

limner, support = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve() / "tests/support"
work = pathlib.Path(tempfile.mkdtemp(prefix="limner-race-"))
NO_DEVICE = 3


def race(device, count):
    """True, or False where there is no such device."""
    jobs = [subprocess.Popen([limner, "train", "pictures", "-o", f"{device}{i}", "--cache-dir", f"cache-{device}",
                              *"--size 16 --width 2 --latent 4 --batch 8 --steps 3 --threads 1 --quiet".split(),
                              "--device", device], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for i in range(count)]
    said = [job.communicate()[1] for job in jobs]
    codes = {job.returncode for job in jobs}
    if codes == {NO_DEVICE} and device == "opencl":
        return False
    assert codes == {0}, (device, codes, said)
    for i in range(1, count):
        for file in "checkpoint.safetensors", "generator.safetensors":
            subprocess.run([sys.executable, support / "compare_models.py", f"{device}0/{file}", f"{device}{i}/{file}"],
                           cwd=work, check=True)
    left = [file for file in (work / f"cache-{device}").rglob("*") if file.is_file()]
    assert any(file.suffix == ".cache" for file in left), left
    wrong = [file for file in left if file.suffix not in (".cache", ".bin")]
    assert not wrong, wrong
    # The next process can use what they left.
    done = subprocess.run([limner, "train", "pictures", "-o", f"{device}-last", "--cache-dir", f"cache-{device}",
                           *"--size 16 --width 2 --batch 8 --steps 1 --dry-run".split(), "--device", device], cwd=work,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert "come prepared from" in done.stderr, done.stderr
    return True


try:
    subprocess.run([sys.executable, support / "make_pictures.py", "pictures", "40"], cwd=work, check=True)
    assert race("cpu", 8)
    # At worst each process compiles the kernels.
    if not race("opencl", 8):
        print("no OpenCL device: pictures alone were raced for")
finally:
    shutil.rmtree(work, ignore_errors=True)
