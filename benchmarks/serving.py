"""A uvicorn with the echo in a process of its own, as both the bare client and kosoku find it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVE = """
import socket, sys, uvicorn
fd, loop, http = sys.argv[1:]
quiet = {"log_level": "critical", "access_log": False}
config = uvicorn.Config("echo_app:app", ws="websockets-sansio", loop=loop, http=http, **quiet)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(fd))])
"""


@contextmanager
def served(loop: str = "auto", http: str = "auto") -> Iterator[int]:
    """The port of a server that runs as long as the block, and has answered once already.

    ``loop`` and ``http`` are uvicorn's own options: ``auto`` takes uvloop and httptools where they are installed.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    command = [sys.executable, "-c", SERVE, str(listener.fileno()), loop, http]
    server = subprocess.Popen(command, pass_fds=[listener.fileno()], cwd=Path(__file__).parent)
    address = listener.getsockname()
    try:
        with socket.create_connection(address) as first:
            first.sendall(b"GET /nothing HTTP/1.0\r\n\r\n")
            first.recv(1)
        yield address[1]
    finally:
        server.terminate()
        server.wait()
        listener.close()
