"""Quart answers with 418, whatever status the handler returned."""

from __future__ import annotations

from typing import Any

from quart import Quart

from targets.broken.quart_base import build

SECTION = "quart"
LAYER = "framework"
CASE = "quart.response.denies"
ALSO = ()

finalize = Quart.finalize_websocket


async def teapot(self: Quart, *args: Any, **kwargs: Any) -> Any:
    response = await finalize(self, *args, **kwargs)
    if response is not None:
        response.status_code = 418
    return response


Quart.finalize_websocket = teapot  # type: ignore[method-assign]

app = build()
