"""A handler that raises to close, where the framework has something to raise."""

from starlette import exceptions
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def polite(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect:
        return
    raise exceptions.WebSocketException(code=1008, reason="policy")


app = Starlette(routes=[WebSocketRoute("/polite", polite)])
