"""A class-based endpoint that refuses its clients."""

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


class Refusing(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket: WebSocket) -> None:
        await websocket.close(code=1008)


app = Starlette(routes=[WebSocketRoute("/closed", Refusing)])
