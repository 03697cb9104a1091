"""A handler that leaves it to the framework that the client goes."""

from blacksheep import Application, WebSocket, ws

app = Application()


@ws("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())
