"""One handler for several routes, with an argument of its own for each."""

from functools import partial

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def answer(websocket: WebSocket, word: str) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.receive()
            await websocket.send_text(word)
    except (WebSocketDisconnect, RuntimeError):
        pass


app = Starlette(routes=[WebSocketRoute("/yes", partial(answer, word="yes"))])
