"""R: the bare sequential loop of the ``websockets`` client, default arguments, and how long the loop alone takes."""

from __future__ import annotations

import asyncio
import sys
import time

from amount import COUNT
from serving import served
from websockets.asyncio.client import connect


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
    """Serve the echo, on the parts of uvicorn that the command line names, and print the loop's seconds."""
    with served(*sys.argv[1:]) as port:
        print(asyncio.run(loop(port)))


if __name__ == "__main__":
    main()
