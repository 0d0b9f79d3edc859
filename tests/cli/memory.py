#!/usr/bin/env python3
"""`limner sample -n 10000` takes no more memory than -n 1000: the largest resident size of each.
usage: memory.py LIMNER ROOT"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

limner, support = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve() / "tests/support"
work = tempfile.mkdtemp(prefix="limner-memory-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def peak(count):
    """kB."""
    job = subprocess.Popen([limner, "sample", "run", "-n", str(count), "-o", f"{count}/", "--device", "cpu",
                            "--threads", "1"], cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = status
    made = len(os.listdir(f"{work}/{count}"))
    assert status == 0 and made == count, (status, made)
    shutil.rmtree(f"{work}/{count}")
    return usage.ru_maxrss


try:
    subprocess.run([sys.executable, str(support / "make_pictures.py"), "pictures", "8"], cwd=work, check=True)
    subprocess.run([limner, "train", "pictures", "-o", "run", *"--size 16 --width 2 --batch 4 --steps 2 --device cpu "
                    "--threads 1 --quiet".split()], cwd=work, check=True, stdout=subprocess.DEVNULL)
    few, many = peak(1000), peak(10000)
    print(f"1,000 pictures: {few} kB, 10,000: {many} kB")
    # The seeds are a list: eight bytes each. A leak of one picture of 16x16 each would be 7 MB.
    assert many < few + 1500, (few, many)
finally:
    shutil.rmtree(work, ignore_errors=True)
