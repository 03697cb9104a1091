"""The bare loop: what a plain client needs for the same exchanges, one after another, with its default arguments.

``python bare_loop.py COUNT`` starts uvicorn on the benchmark's target on a socket bound here, and prints the seconds
that the loop alone took: neither the interpreter's start nor the server's is in them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from websockets.asyncio.client import connect

SERVE = """
import socket, sys, uvicorn
config = uvicorn.Config(
    "echo_app:app", loop="asyncio", http="h11", ws="websockets-sansio", log_level="warning", access_log=False
)
uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""


async def exchange(uri: str) -> None:
    """Connect, one text, its echo, a close with 4001 and a reason, the end of the connection."""
    websocket = await connect(uri)
    await websocket.send("hello")
    if await websocket.recv() != "hello":
        raise SystemExit("the target does not echo")
    await websocket.close(4001, "bye")
    await websocket.wait_closed()


async def loop(uri: str, count: int) -> float:
    """The seconds of ``count`` exchanges, after some to warm up."""
    for _ in range(20):
        await exchange(uri)
    began = time.perf_counter()
    for _ in range(count):
        await exchange(uri)
    return time.perf_counter() - began


def main() -> None:
    """Start the server, run the loop, print its seconds."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.set_inheritable(True)
    here = Path(__file__).parent
    fd = listener.fileno()
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(fd)], pass_fds=[fd], cwd=here, env=os.environ.copy())
    try:
        print(asyncio.run(loop(f"ws://127.0.0.1:{listener.getsockname()[1]}/", int(sys.argv[1]))))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
