"""An ordinary Sanic application, served by ASGI: an echo, chat rooms, JSON, and a blueprint with a clock."""

from __future__ import annotations

import json
import time
from typing import Any

from sanic import Blueprint, Request, Sanic

app = Sanic("conformance_target")
rooms: dict[str, set[Any]] = {}


@app.websocket("/echo")
async def echo(request: Request, ws: Any) -> None:
    while (said := await ws.recv()) is not None:
        try:
            await ws.send(said)
        except OSError:  # the client has gone
            return


@app.websocket("/chat/<room:str>")
async def chat(request: Request, ws: Any, room: str) -> None:
    rooms.setdefault(room, set()).add(ws)
    try:
        while (said := await ws.recv()) is not None:
            for member in list(rooms[room]):
                try:
                    await member.send(said)
                except (OSError, RuntimeError):  # this member has gone, and gets nothing more
                    rooms[room].discard(member)
                    if member is ws:
                        return
    finally:
        rooms[room].discard(ws)
        if not rooms[room]:
            del rooms[room]


@app.websocket("/kind")
async def kind(request: Request, ws: Any) -> None:
    while (said := await ws.recv()) is not None:
        try:
            answer = {"kind": type(json.loads(said)).__name__}
        except (ValueError, RecursionError):
            answer = {"error": "this is not JSON"}
        try:
            await ws.send(json.dumps(answer))
        except OSError:
            return


api = Blueprint("api", url_prefix="/api")


@api.websocket("/clock/<zone:int>")
async def clock(request: Request, ws: Any, zone: int) -> None:
    while await ws.recv() is not None:
        try:
            await ws.send(time.strftime("%H:%M:%S", time.gmtime(time.time() + zone % 24 * 3600)))
        except OSError:
            return


app.blueprint(api)
