"""FastAPI's dependencies with yield: what they open for a connection is closed when the connection is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, WebSocket, WebSocketDisconnect, WebSocketException

open_sessions: set[object] = set()


async def session() -> AsyncIterator[object]:
    """A session for the time of a connection."""
    made = object()
    open_sessions.add(made)
    try:
        yield made
    finally:
        await asyncio.sleep(0.01)
        open_sessions.discard(made)


def counter() -> Iterator[list[int]]:
    """A synchronous one, which FastAPI runs in a thread."""
    yield [0]


async def caller(ws: WebSocket, made: Annotated[object, Depends(session)], name: str = "anybody") -> str:
    """Another that depends on the first."""
    if name == "nobody":
        raise WebSocketException(1008, "who are you?")
    return name


router = APIRouter(prefix="/api")


@router.websocket("/greet")
async def greet(
    ws: WebSocket,
    name: Annotated[str, Depends(caller)],
    made: Annotated[object, Depends(session)],
    count: Annotated[list[int], Depends(counter)],
) -> None:
    await ws.accept()
    with suppress(WebSocketDisconnect):
        while (await ws.receive())["type"] == "websocket.receive":
            count[0] += 1
            await ws.send_json({"name": name, "count": count[0]})


app = FastAPI(dependencies=[Depends(session)])
app.include_router(router)
