"""What a server puts into a scope, whole; and whether the lifespan's namespace comes back as a copy."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .wire import encode

# What the suite puts into the lifespan's namespace. Each connection takes it out of its own copy, so that the target
# never sees it; where a server hands out the namespace itself, the first connection takes it away from all others.
MARK = "asgi_conformance.lifespan"
KEYS = (
    *("type", "asgi", "http_version", "scheme", "path", "raw_path", "query_string", "root_path"),
    *("client", "server", "subprotocols", "extensions"),
)


class Namespace:
    """The namespace ``scope["state"]`` of the lifespan.

    ``called`` once the server has called the target for it, ``filled`` once the target's start-up was complete.
    """

    def __init__(self) -> None:
        self.filled = self.called = False

    async def lifespan(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Call ``app`` for the lifespan, and mark its namespace while connections can come."""
        state = scope.get("state")
        self.called = True

        async def marking_receive() -> Any:
            event = await receive()
            if isinstance(state, dict) and event.get("type") == "lifespan.shutdown":
                state.pop(MARK, None)
            return event

        async def marking_send(event: Any) -> None:
            if isinstance(state, dict) and event.get("type") == "lifespan.startup.complete":
                state[MARK] = self.filled = True
            await send(event)

        await app(scope, marking_receive, marking_send)

    def taken_from(self, scope: Any) -> Optional[bool]:
        """Whether the mark was in the connection's namespace, out of which it is taken; None where none was due."""
        state = scope.get("state")
        held = isinstance(state, dict) and state.pop(MARK, None) is not None
        return held if self.filled else None


def whole_scope(scope: Dict[str, Any], filled: Optional[bool]) -> Dict[str, Any]:
    """The scope as the server gave it: the keys that are there, with their types; of ``state`` its type alone."""
    out: Dict[str, Any] = {key: encode(scope[key]) for key in KEYS if key in scope}
    if "headers" in scope:
        try:
            out["headers"] = [[encode(part) for part in pair] for pair in scope["headers"]]
        except TypeError:
            out["headers"] = encode(scope["headers"])
    if "state" in scope:
        out["state"] = {"type": type(scope["state"]).__name__, "filled": filled}
    return out


async def not_found(send: Any) -> None:
    """Answer an HTTP request with 404."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
