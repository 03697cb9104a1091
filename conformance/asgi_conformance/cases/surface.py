"""The documented values themselves, in the target's environment: FastAPI's reference and Starlette's classes."""

from __future__ import annotations

from typing import Any

from ..model import Step
from ..script import App, Client, case

STATES = (("CONNECTING", 0), ("CONNECTED", 1), ("DISCONNECTED", 2), ("RESPONSE", 3))
MADE = (
    ("defaults", "()", 1000, ""),
    ("reason-none", "(reason=None)", 1000, ""),
    ("reason-empty", "(reason='')", 1000, ""),
    ("code", "(4001)", 4001, ""),
    ("code-zero", "(0)", 0, ""),
    ("code-and-reason", "(4001,'bye')", 4001, "bye"),
    ("by-name", "(code=4001,reason='bye')", 4001, "bye"),
)


STATES_ID, RESPONSE_ID = "starlette.surface.states", "starlette.surface.response-state"


def _expects(client: Client, says: str, path: list[str], value: Any, decides: str = "") -> None:
    """One value and what it must be. ``decides``: the requirement that it decides, where not all of the case's."""
    args = {"path": path, "says": says, "expect": value}
    steps = client._tape.steps
    steps.append(Step(len(steps), "client", "value", {**args, "decides": [decides]} if decides else args))


def _state_rows() -> list[tuple[str, str, int]]:
    return [(name, name, value) for name, value in STATES]


@case("surface.starlette.state", kind="surface", requires=(STATES_ID, RESPONSE_ID), rows=_state_rows())
def starlette_states_have_their_values(client: Client, app: App, name: str, value: int) -> None:
    """starlette.websockets.WebSocketState has this member with this value."""
    decides = RESPONSE_ID if name == "RESPONSE" else STATES_ID
    _expects(client, f"WebSocketState.{name} is", ["starlette", "states", name], value, decides)


@case(
    "surface.fastapi.state",
    kind="surface",
    requires=("fastapi.surface.states",),
    rows=_state_rows(),
    needs=("framework:fastapi",),
)
def fastapi_states_have_their_values(client: Client, app: App, name: str, value: int) -> None:
    """fastapi.websockets.WebSocketState has this member with this value."""
    _expects(client, f"WebSocketState.{name} is", ["fastapi", "states", name], value)


@case("surface.starlette.states", kind="surface", requires=(STATES_ID, RESPONSE_ID))
def starlette_states_are_these_four(client: Client, app: App) -> None:
    """starlette.websockets.WebSocketState is an Enum of just four members."""
    _expects(client, "WebSocketState has the members", ["starlette", "states"], dict(STATES), RESPONSE_ID)
    _expects(client, "WebSocketState is an Enum:", ["starlette", "states_enum"], True, STATES_ID)


@case(
    "surface.fastapi.states",
    kind="surface",
    requires=("fastapi.surface.states",),
    needs=("framework:fastapi",),
)
def fastapi_states_are_these_four(client: Client, app: App) -> None:
    """fastapi.websockets.WebSocketState is an Enum of just four members."""
    _expects(client, "WebSocketState has the members", ["fastapi", "states"], dict(STATES))
    _expects(client, "WebSocketState is an Enum:", ["fastapi", "states_enum"], True)


@case("surface.starlette.disconnect", kind="surface", requires=("starlette.surface.disconnect-defaults",), rows=MADE)
def starlette_disconnect_has_its_attributes(client: Client, app: App, made: str, code: int, reason: str) -> None:
    """starlette.websockets.WebSocketDisconnect made in this way has this code and this reason."""
    value = {"code": code, "reason": reason}
    _expects(client, f"WebSocketDisconnect{made} has", ["starlette", "disconnect", made], value)


@case(
    "surface.fastapi.disconnect",
    kind="surface",
    requires=("fastapi.surface.disconnect-defaults", "fastapi.surface.disconnect-reason-none"),
    rows=MADE,
    needs=("framework:fastapi",),
)
def fastapi_disconnect_has_its_attributes(client: Client, app: App, made: str, code: int, reason: str) -> None:
    """fastapi.WebSocketDisconnect made in this way has this code and this reason."""
    value = {"code": code, "reason": reason}
    _expects(client, f"WebSocketDisconnect{made} has", ["fastapi", "disconnect", made], value)


BASES = ["WebSocketDisconnect", "Exception", "BaseException", "object"]


@case("surface.starlette.bases", kind="surface", requires=("starlette.surface.disconnect-bases",))
def starlette_disconnect_is_an_exception(client: Client, app: App) -> None:
    """WebSocketDisconnect is an Exception, directly."""
    _expects(client, "WebSocketDisconnect's bases are", ["starlette", "disconnect_bases"], BASES)


@case(
    "surface.fastapi.bases",
    kind="surface",
    requires=("fastapi.surface.disconnect-bases",),
    needs=("framework:fastapi",),
)
def fastapi_disconnect_is_an_exception(client: Client, app: App) -> None:
    """FastAPI's WebSocketDisconnect is an Exception, directly."""
    _expects(client, "WebSocketDisconnect's bases are", ["fastapi", "disconnect_bases"], BASES)


@case(
    "surface.fastapi.identity",
    kind="surface",
    requires=("fastapi.surface.identity",),
    rows=[
        (name, name)
        for name in (
            "fastapi.websockets.WebSocketDisconnect",
            "fastapi.websockets.WebSocketState",
            "fastapi.websockets.WebSocket",
            "fastapi.WebSocketDisconnect",
            "fastapi.WebSocket",
        )
    ],
    needs=("framework:fastapi",),
)
def fastapi_names_are_starlettes(client: Client, app: App, name: str) -> None:
    """FastAPI's name stands for the very same class as Starlette's."""
    _expects(client, f"{name} is Starlette's:", ["identity", name], True)
