#!/usr/bin/env python3
"""The library leaves its host alone (limner/host.h): what it takes from the C library and others is nothing that changes the
process. usage: imports.py LIBRARY"""
import re
import subprocess
import sys

# What may not be imported, and why.
NEVER = {
    "fork vfork daemon system popen": "starts a process without exec, or by a shell: posix_spawn, in src/opencl/helper.c alone",
    "execl execlp execle execv execve execvp": "ends the host",
    "setenv putenv unsetenv clearenv": "other threads may be in getenv: lim_host.set_variable is the host's way",
    "exit quick_exit abort": "the host decides when it ends",
    "atexit at_quick_exit on_exit pthread_atfork": "runs when the library may be gone",
    "chdir fchdir umask setlocale uselocale setrlimit prctl alarm setitimer": "is the process's",
    "dup2 dup3": "may close what is the host's",
    "sigprocmask sighold sigset siginterrupt": "is undefined with threads: pthread_sigmask",
    "printf __printf_chk vprintf __vprintf_chk puts putchar perror stdout stderr": "standard streams are the host's",
    "srand rand random srandom strtok localtime gmtime ctime asctime readdir_r getopt": "has one state for the whole process",
    "omp_set_num_threads omp_set_dynamic omp_set_schedule omp_set_max_active_levels omp_set_nested": "is the host's setting",
}
# For lim_tell_crashes alone, which the host has to ask for: _exit raise sigaction signal sigaltstack. For assertions:
# __assert_fail.

try:
    lines = subprocess.run(["nm", "--dynamic", "--undefined-only", sys.argv[1]], check=True, capture_output=True,
                           text=True).stdout.splitlines()
except FileNotFoundError:
    print("nm is not installed")
    sys.exit(77)
imported = {re.sub(r"@.*", "", line.split()[-1]) for line in lines}
if "malloc" not in imported:
    sys.exit(f"{sys.argv[1]}: not a list of names: {sorted(imported)[:5]}")
bad = [f"{sys.argv[1]} takes {name}, which {why}" for names, why in NEVER.items() for name in names.split()
       if name in imported]
print("\n".join(bad))
sys.exit(1 if bad else 0)
