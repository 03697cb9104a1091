"""An echo of whatever kind of message arrives."""

from typing import Any

from sanic import Request, Sanic

app = Sanic("archive")


@app.websocket("/echo")
async def echo(request: Request, ws: Any) -> None:
    while (message := await ws.recv()) is not None:
        await ws.send(message)
