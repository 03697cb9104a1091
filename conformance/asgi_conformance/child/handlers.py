"""The boundary ``route``: what a route's handler is given and what it does, each with the task that did it."""

from __future__ import annotations

import asyncio
from typing import Any, Dict

from .endpoints import caller, describe_escape
from .recorder import LET_GO, Run
from .wire import describe_exception, encode


async def observed_handler(run: Run, app: Any, about: Dict[str, Any], scope: Any, receive: Any, send: Any) -> None:
    """Call ``app(scope, receive, send)`` with all that passes observed; ``about`` names the handler."""
    run.handled = True
    run.observe("route", "enter", about)
    receive, send = _watch(run, receive, send)
    try:
        await app(scope, receive, send)
    except asyncio.CancelledError:
        run.observe("route", "exit", {"outcome": "cancelled"})
        raise
    except BaseException as exc:
        run.observe("route", "exit", {"outcome": "raised", "exc": describe_escape(exc)})
        raise
    run.observe("route", "exit", {"outcome": "returned"})


def _watch(run: Run, receive: Any, send: Any) -> Any:
    async def watched_receive() -> Any:
        task = run.task_number()
        run.observe("route", "receiving", {"task": task})
        run.waiting["route.receive"] = "receive"
        try:
            event = await receive()
        except Exception as exc:
            run.observe("route", "receive.raised", {"exc": describe_exception(exc), "task": task})
            raise
        finally:
            run.waiting.pop("route.receive", None)
        run.observe("route", "receive", {"event": encode(event), "task": task})
        return event

    async def watched_send(event: Any) -> None:
        task = run.task_number()
        run.sends += 1
        run.observe("route", "send", {"event": encode(event), "task": task, "by": caller()})
        run.waiting["route.send"] = "send"
        try:
            if run.holds and isinstance(event, dict) and event.get("type") == "websocket.send":
                run.holds = False
                run.observe("route", "held", {"task": task})
                await run.may_start(LET_GO)
            await send(event)
        except Exception as exc:
            run.observe("route", "send.raised", {"exc": describe_exception(exc), "task": task})
            raise
        finally:
            run.waiting.pop("route.send", None)
        run.observe("route", "sent", {"task": task})

    return watched_receive, watched_send
