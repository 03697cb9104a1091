"""The documented values of the target's own framework, as they are in its environment (no connection needed)."""

from __future__ import annotations

import enum
import sys
from typing import Any, Dict

from .wire import encode


def surface() -> Dict[str, Any]:
    """Members of WebSocketState, defaults and bases of WebSocketDisconnect, and which names are the same object."""
    out: Dict[str, Any] = {}
    for package in ("starlette", "fastapi"):
        module = _module(package + ".websockets")
        if module is not None:
            out[package] = _describe(module)
    fastapi = _module("fastapi")
    if fastapi is not None and "fastapi" in out:
        starlette, own = sys.modules["starlette.websockets"], sys.modules["fastapi.websockets"]
        out["identity"] = {
            "fastapi.websockets.WebSocketDisconnect": own.WebSocketDisconnect is starlette.WebSocketDisconnect,
            "fastapi.websockets.WebSocketState": own.WebSocketState is starlette.WebSocketState,
            "fastapi.websockets.WebSocket": own.WebSocket is starlette.WebSocket,
            "fastapi.WebSocketDisconnect": fastapi.WebSocketDisconnect is starlette.WebSocketDisconnect,
            "fastapi.WebSocket": fastapi.WebSocket is starlette.WebSocket,
        }
    return out


def _module(name: str) -> Any:
    """The module, imported only where the target has imported its package."""
    if name.split(".")[0] not in sys.modules:
        return None
    try:
        __import__(name)
    except ImportError:
        return None
    return sys.modules[name]


def _describe(module: Any) -> Dict[str, Any]:
    state, disconnect = module.WebSocketState, module.WebSocketDisconnect
    made = {
        "()": lambda: disconnect(),
        "(4001)": lambda: disconnect(4001),
        "(4001,'bye')": lambda: disconnect(4001, "bye"),
        "(code=4001,reason='bye')": lambda: disconnect(code=4001, reason="bye"),
        "(reason=None)": lambda: disconnect(reason=None),
        "(reason='')": lambda: disconnect(reason=""),
        "(0)": lambda: disconnect(0),
    }
    return {
        "states": {name: encode(member.value) for name, member in getattr(state, "__members__", {}).items()},
        "states_enum": isinstance(state, type) and issubclass(state, enum.Enum),
        "disconnect_bases": [base.__name__ for base in getattr(disconnect, "__mro__", ())],
        "disconnect": {name: _attributes(make) for name, make in made.items()},
    }


def _attributes(make: Any) -> Dict[str, Any]:
    try:
        made = make()
        return {"code": encode(made.code), "reason": encode(made.reason)}
    except Exception as exc:
        return {"raised": "{}: {}".format(type(exc).__name__, exc)}
