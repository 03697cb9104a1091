"""An error handler of the application's own, which turns what is forbidden into Falcon's answer for it."""

import falcon
import falcon.asgi


class NotYours(Exception):
    pass


class Guarded:
    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        raise NotYours


async def forbid(*_: object, **__: object) -> None:
    raise falcon.HTTPForbidden


app = falcon.asgi.App()
app.add_error_handler(NotYours, forbid)
app.add_route("/guarded", Guarded())
