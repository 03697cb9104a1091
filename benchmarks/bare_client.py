"""R: the bare sequential loop of the ``websockets`` client, default arguments, and how long the loop alone takes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time

from bench_cases import COUNT
from websockets.asyncio.client import connect

SERVE = """
import socket, sys, uvicorn
config = uvicorn.Config("echo_app:app", loop=sys.argv[2], http=sys.argv[3], ws="websockets-sansio",
                        log_level="warning", access_log=False)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


async def loop(port: int) -> float:
    """Seconds for all exchanges: connect, one text, its echo, close, wait until it is closed."""
    started = time.perf_counter()
    for number in range(COUNT):
        connection = await connect(f"ws://127.0.0.1:{port}/echo")
        await connection.send(f"hello {number}")
        await connection.recv()
        await connection.close(4001, "bye")
        await connection.wait_closed()
    return time.perf_counter() - started


def main() -> None:
    """Serve the echo in a process of its own and print the loop's seconds."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    command = [sys.executable, "-c", SERVE, str(listener.fileno()), *sys.argv[1:3]]
    server = subprocess.Popen(command, pass_fds=[listener.fileno()])
    try:
        print(asyncio.run(loop(listener.getsockname()[1])))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
