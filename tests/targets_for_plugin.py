"""Small applications that the tests of the plugin write into a folder of their own."""

from __future__ import annotations

GOOD = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def echo(ws):
    await ws.accept()
    async for text in ws.iter_text():
        await ws.send_text(text)

app = Starlette(routes=[WebSocketRoute("/echo", echo)])
number = 3
"""

REWRITES = """
from good import app

class CloseRewriter:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def rewriting():
            event = await receive()
            if event["type"] == "websocket.disconnect" and event.get("code") == 4001:
                event = {**event, "code": 1000}
            return event
        await self.app(scope, rewriting if scope["type"] == "websocket" else receive, send)

app.add_middleware(CloseRewriter)
"""

RAISES = 'raise RuntimeError("no [/bye] import")\n'
HANGS = "import time\ntime.sleep(60)\n"
DOES_NOT_START = """
from contextlib import asynccontextmanager
from starlette.applications import Starlette

@asynccontextmanager
async def lifespan(app):
    raise ValueError("no database")
    yield

app = Starlette(lifespan=lifespan)
"""

MODULES = {"good": GOOD, "rewrites": REWRITES, "raises": RAISES, "hangs": HANGS, "does_not_start": DOES_NOT_START}

#: Five cases that a right stack passes, and ten of which `REWRITES` fails five.
FEW = "--case=close.client.code[1000-*"
HALF = "--case=close.client.code[400[01]-*"
