"""A route with a number in its query, which is visited with what is none."""

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/count")
async def count(websocket: WebSocket, n: int) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.receive_text()
            await websocket.send_text(str(n))
    except WebSocketDisconnect:
        pass
