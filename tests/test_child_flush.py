"""What the child has seen of an answer leaves before a receive() in which a server may end the process."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest

from asgi_conformance.child.recorder import Run, watch
from asgi_conformance.child.wire import Channel

ACCEPT = {"type": "websocket.accept"}


async def seen_within(answered: bool) -> list[str]:
    """What had left the process within the first receive(), by kind; all of it happens in one tick of the loop."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    told = b""

    async def receive() -> dict[str, Any]:
        nonlocal told
        try:
            told = os.read(reader, 65536)
        except BlockingIOError:
            told = b""
        return {"type": "websocket.connect"}

    async def send(event: dict[str, Any]) -> None:
        return None

    channel = Channel(writer)
    channel.bind(asyncio.get_running_loop())
    watched_receive, watched_send = watch(Run("1", channel), "outer", receive, send)
    try:
        if answered:
            await watched_send(ACCEPT)
        await watched_receive()
    finally:
        os.close(reader)
        os.close(writer)
    return [entry[3] for line in told.splitlines() if line for entry in json.loads(line)["o"]]


@pytest.mark.parametrize(("answered", "kinds"), [(True, ["send", "sent"]), (False, [])])
def test_an_answer_before_the_first_receive_is_told_before_it(answered: bool, kinds: list[str]) -> None:
    assert asyncio.run(seen_within(answered)) == kinds
