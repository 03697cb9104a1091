"""A handler that turns away whoever has no token, by the exception that its HTTP handlers raise too."""

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute


async def feed(websocket: Any) -> None:
    if "authorization" not in websocket.headers:
        raise HTTPException(status_code=401)
    await websocket.accept()
    await websocket.close()


app = Starlette(routes=[WebSocketRoute("/feed", feed)])
