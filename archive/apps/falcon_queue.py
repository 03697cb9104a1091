"""An echo that receives without a queue of its own."""

import falcon
import falcon.asgi


class Echo:
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        await ws.accept()
        try:
            while True:
                await ws.send_text(await ws.receive_text())
        except falcon.WebSocketDisconnected:
            pass


app = falcon.asgi.App()
app.ws_options.max_receive_queue = 0
app.add_route("/echo", Echo())
