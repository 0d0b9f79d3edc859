#!/usr/bin/env python3
"""The status line on a real terminal, a narrow one, and a terminal that goes away during the training.
usage: terminal.py LIMNER ROOT"""
import fcntl
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios

limner, support = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve() / "tests/support"
work = tempfile.mkdtemp(prefix="limner-terminal-")
form = "--size 16 --width 4 --batch 8 --device cpu --threads 1".split()


def own_terminal():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, which limner heeds
    fcntl.ioctl(2, termios.TIOCSCTTY, 0)


def start(columns, *words):
    """limner with a terminal of its own as controlling terminal and as stderr. The other end and the process."""
    us, them = pty.openpty()
    fcntl.ioctl(us, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    job = subprocess.Popen([limner, "train", *words], cwd=work, stdin=them, stdout=subprocess.DEVNULL, stderr=them,
                           env=dict(os.environ, TERM="xterm"), start_new_session=True,
                           preexec_fn=own_terminal)
    os.close(them)
    return us, job


def read_until(us, job, text):
    said = b""
    while text not in said:
        ready, _, _ = select.select([us], [], [], 60)
        assert ready, (text, said)
        try:
            more = os.read(us, 4096)
        except OSError:  # Linux: the other side has closed
            more = b""
        if not more:
            assert text == b"EOF", (text, said, job.wait())
            break
        said += more
    return said


def check_line(columns):
    us, job = start(columns, "pictures", "-o", f"run-{columns}", *form, "--steps", "400")
    said = read_until(us, job, b"EOF").decode()
    assert job.wait() == 0, said
    os.close(us)
    drawn = [part for part in said.replace("\r\n", "\n").split("\r\033[K") if part.startswith("[")]
    assert drawn and len(drawn) > 1, said
    for part in drawn:
        line = part.split("\n")[0].split("limner:")[0]
        assert len(line) < columns, (columns, line)
    assert any("#" in part for part in drawn) and any("step " in part or columns < 60 for part in drawn), drawn
    # The status line is gone: the last thing on the screen is the message.
    assert said.rstrip().split("\r\033[K")[-1].startswith("limner: done"), said[-300:]


def check_gone():
    us, job = start(100, "pictures", "-o", "gone", *form, "--steps", "100000000")
    read_until(us, job, b"step ")
    os.close(us)  # the window is closed: SIGHUP
    assert job.wait(60) == 130, job.returncode
    info = subprocess.run([limner, "info", "gone"], cwd=work, capture_output=True, text=True)
    step = int(info.stdout.split("trained for")[1].split()[0])
    assert info.returncode == 0 and step > 0, info
    subprocess.run([limner, "train", "--resume", "gone", "--device", "cpu", "--steps", str(step + 1)], cwd=work,
                   check=True, capture_output=True)


def check_interrupt():
    us, job = start(100, "pictures", "-o", "stopped", *form, "--steps", "100000000")
    read_until(us, job, b"step ")
    os.write(us, b"\x03")  # Ctrl-C, as typed
    said = read_until(us, job, b"EOF")
    assert job.wait() == 130 and b" train --resume stopped" in said, said
    os.close(us)


try:
    subprocess.run([sys.executable, str(support / "make_pictures.py"), "pictures", "24"], cwd=work, check=True)
    check_line(200)
    check_line(40)
    check_interrupt()
    check_gone()
finally:
    shutil.rmtree(work, ignore_errors=True)
