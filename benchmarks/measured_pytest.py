"""pytest as a process that says in the end what it and its children have used: seconds of CPU, and memory at most."""

from __future__ import annotations

import resource
import sys

import pytest

status = pytest.main(sys.argv[1:])
for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
    used = resource.getrusage(who)
    # Linux counts memory in kilobytes, macOS in bytes.
    memory = used.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    print("used", used.ru_utime + used.ru_stime, memory, file=sys.stderr)
sys.exit(int(status))
