"""An echo as a class: the endpoint takes whatever comes, text or bytes."""

from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute


class Echo(WebSocketEndpoint):
    encoding = None

    async def on_receive(self, websocket: Any, data: Any) -> None:
        if isinstance(data, bytes):
            await websocket.send_bytes(data)
        else:
            await websocket.send_text(data)


app = Starlette(routes=[WebSocketRoute("/echo", Echo)])
