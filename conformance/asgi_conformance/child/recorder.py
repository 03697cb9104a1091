"""Runs and what is seen in them: each observation is booked on the connection that it belongs to."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any, Dict, List, Optional, Set, Tuple

from .components import Component
from .endpoints import describe_escape
from .wire import Channel, describe_exception, encode

HEADER = b"x-asgi-conformance"
# A handler that floods must not fill the suite's memory: past so many observations of one kind at one boundary of a run
# no more are made, but for those that its end is known by.
KIND_LIMIT = 1000
_ENDS = ("exit", "op", "tasks")
# In the place of an app step's number, for a run without an app lane (PROTOCOL.md).
HOLD, LET_GO = -1, -2

# The step of a second task of the handler: what that task does is booked on it, whatever step the lane has come to.
step_beside: "contextvars.ContextVar[Optional[int]]" = contextvars.ContextVar("asgi_conformance_step", default=None)

current_run: "contextvars.ContextVar[Optional[Run]]" = contextvars.ContextVar("asgi_conformance_run", default=None)


class Run:
    """One execution of one case in the target's process.

    ``steps`` is the app lane's program, ``step`` the index of the step in progress (None between steps). ``above`` is
    what has been entered since the last boundary, ``depth`` the number of boundaries passed below the outermost one.
    ``light``: one of tens of thousands, of which next to nothing is observed (`swept`). ``forgotten``: the suite was
    done with it before its connection came through.
    """

    light = forgotten = False

    def __init__(self, run_id: str, channel: Channel) -> None:
        self.id = run_id
        self.channel = channel
        self.steps: List[Any] = []
        self.without: List[str] = []
        self.bare = False
        self.inside = False
        self.scope = False
        self._step: Optional[int] = None
        self.target: Any = None
        self.above: List[Component] = []
        self.entered: Set[int] = set()
        self.depth = 0
        self.objects = 0
        self.seen: Dict[Tuple[str, str], int] = {}
        self.waiting: Dict[str, str] = {}
        self.over = False
        self.task: Optional["asyncio.Task[Any]"] = None
        self.route: Optional[Dict[str, Any]] = None
        self.handled = False
        self.sends = 0
        self.holds = False
        self.started: List[Any] = []
        self._tasks: List[Any] = []
        self._go: Dict[int, "asyncio.Future[None]"] = {}
        self._briefing: "asyncio.Future[None]" = asyncio.get_running_loop().create_future()

    @property
    def step(self) -> Optional[int]:
        """The step in progress, as the current task sees it."""
        beside = step_beside.get()
        return self._step if beside is None else beside

    @step.setter
    def step(self, index: Optional[int]) -> None:
        self._step = index

    def observe(self, boundary: str, kind: str, data: Dict[str, Any]) -> None:
        """Book one observation on this run."""
        place = (boundary, kind)
        self.seen[place] = seen = self.seen.get(place, 0) + 1
        if seen > KIND_LIMIT and kind not in _ENDS:
            if seen == KIND_LIMIT + 1:
                self.channel.observe(self.id, boundary, "truncated", {"kind": kind, "limit": KIND_LIMIT})
            return
        self.channel.observe(self.id, boundary, kind, data)

    async def observed(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Call ``app`` as a run that is ``light`` observes it."""
        raise NotImplementedError

    def brief(self, message: Dict[str, Any]) -> None:
        """The suite's description of this run has arrived."""
        self.steps = message["steps"]
        self.without = message.get("without", [])
        self.bare = message.get("control", False)
        self.scope = message.get("scope", False)
        self.route = message.get("route")
        if not self._briefing.done():
            self._briefing.set_result(None)

    async def briefed(self) -> None:
        """Wait for the suite's description: the connection may be faster than the control pipe."""
        await asyncio.shield(self._briefing)

    def task_number(self) -> int:
        """The number of the current task in this run, in the order of first sight; 1 is the handler's own."""
        task = asyncio.current_task()
        if task not in self._tasks:
            self._tasks.append(task)
        return self._tasks.index(task) + 1

    async def may_start(self, index: int) -> None:
        """Wait for the suite's word that the step above this one is complete."""
        future = self._go.get(index)
        if future is None:
            future = self._go[index] = asyncio.get_running_loop().create_future()
        await future

    def go(self, index: int) -> None:
        """The suite's word that a step may start, or what it says of the sends of a route's handler."""
        if index == HOLD:
            self.holds = True
            self.observe("route", "holding", {})
            return
        future = self._go.get(index)
        if future is None:
            future = self._go[index] = asyncio.get_running_loop().create_future()
        if not future.done():
            future.set_result(None)

    def snapshot(self) -> Dict[str, Any]:
        """What this run is waiting for now: the step, the ASGI calls that have not returned, the handler's stack."""
        stack: List[str] = []
        if self.task is not None and not self.task.done():
            stack = [
                "{}:{} {}".format(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
                for frame in _await_chain(self.task.get_coro())
            ]
        return {"step": self._step, "waiting": dict(self.waiting), "stack": stack, "over": self.over}


def _await_chain(coroutine: Any) -> List[Any]:
    frames: List[Any] = []
    while coroutine is not None and len(frames) < 64:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            frames.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return frames


class Runs:
    """The runs under way, by id."""

    def __init__(self, channel: Channel) -> None:
        from .swept import Teller

        self.channel = channel
        self.by_id: Dict[str, Run] = {}
        self.teller = Teller(channel)
        self._newest = 0

    def get(self, run_id: str) -> Run:
        """The run of that id, made when it is first spoken of (on the control pipe or by a connection)."""
        run = self.by_id.get(run_id)
        if run is None:
            run = self.by_id[run_id] = Run(run_id, self.channel)
        return run

    def brief(self, run_id: str, message: Dict[str, Any]) -> None:
        """The suite's description of a run has arrived. Ids are numbers that grow, ``12.beside`` goes with ``12``."""
        self._newest = max(self._newest, _number(run_id))
        self.get(run_id).brief(message)

    def of_scope(self, scope: Dict[str, Any]) -> Optional[Run]:
        """The run that a connection belongs to, None for anybody else's."""
        for name, value in scope.get("headers") or ():
            if bytes(name).lower() == HEADER:
                run_id = bytes(value).decode("ascii", "replace")
                if run_id[:1] == "~":
                    return self.teller.run(run_id)
                if run_id in self.by_id or _number(run_id) > self._newest:
                    return self.get(run_id)
                # Made anew it would wait for ever for a description that has come and gone.
                late = Run(run_id, self.channel)
                late.forgotten = True
                return late
        return None

    def forget(self, run_id: str) -> None:
        """The suite is done with a run."""
        self.by_id.pop(run_id, None)


def _number(run_id: str) -> int:
    number = run_id.partition(".")[0]
    return int(number) if number.isdecimal() else 0


async def observed(
    run: Run, boundary: str, app: Any, scope: Any, receive: Any, send: Any, entry: Dict[str, Any]
) -> None:
    """Call ``app`` with every event in both directions, and its end, observed at a boundary."""
    if run.light:
        await app(scope, receive, send)
        return
    run.observe(boundary, "enter", entry)
    receive, send = watch(run, boundary, receive, send)
    try:
        result = await app(scope, receive, send)
    except asyncio.CancelledError:
        run.observe(boundary, "exit", {"outcome": "cancelled"})
        raise
    except BaseException as exc:
        run.observe(boundary, "exit", {"outcome": "raised", "exc": describe_escape(exc)})
        raise
    if result is not None:
        run.observe(boundary, "exit", {"outcome": "returned", "value": encode(result)})
        return
    run.observe(boundary, "exit", {"outcome": "returned"})


def watch(run: Run, boundary: str, receive: Any, send: Any) -> Any:
    """The same receive and send, with every event that passes observed at a boundary."""
    if run.light:
        return receive, send
    stepped = boundary in ("inner", "outer")
    receiving, sending = boundary + ".receive", boundary + ".send"

    async def watched_receive() -> Any:
        step = run.step
        if boundary == "outer" and (boundary, "send") in run.seen and (boundary, "receive") not in run.seen:
            # An answer before the first receive: there are servers whose process ends in here, with what is not told.
            run.channel.flush()
        run.waiting[receiving] = "receive"
        try:
            event = await receive()
        except BaseException as exc:
            if not isinstance(exc, asyncio.CancelledError):
                run.observe(boundary, "receive.raised", _with_step({"exc": describe_exception(exc)}, stepped, step))
            raise
        finally:
            run.waiting.pop(receiving, None)
        run.observe(boundary, "receive", _with_step({"event": encode(event)}, stepped, step))
        return event

    async def watched_send(event: Any) -> None:
        step = run.step
        run.observe(boundary, "send", _with_step({"event": encode(event)}, stepped, step))
        run.waiting[sending] = "send"
        try:
            await send(event)
        except BaseException as exc:
            if not isinstance(exc, asyncio.CancelledError):
                run.observe(boundary, "send.raised", _with_step({"exc": describe_exception(exc)}, stepped, step))
            raise
        finally:
            run.waiting.pop(sending, None)
        run.observe(boundary, "sent", _with_step({}, stepped, step))

    return watched_receive, watched_send


def _with_step(data: Dict[str, Any], stepped: bool, step: Optional[int]) -> Dict[str, Any]:
    if stepped:
        data["step"] = step
    return data
