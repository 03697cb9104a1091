"""The client lane: performs a script's client steps in order, each when the one above it is complete."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ..model import Step
from . import frames
from .client import Connection, Ended
from .deadlines import Deadlines
from .endpoint import Address
from .program import Program
from .recording import Recording
from .waiting import Missed

RUN_HEADER = "x-asgi-conformance"
# In the place of an app step: what a route's handler sends next is held, or goes on (child/PROTOCOL.md).
HOLD, LET_GO = -1, -2


def _parsed(message: str | bytes) -> dict[str, Any]:
    try:
        return {"value": json.loads(message)} if isinstance(message, str) else {"problem": "a binary message"}
    except ValueError as exc:
        return {"problem": f"no JSON ({exc})"}


async def _not_alone() -> None:
    raise OSError("this server is not this case's own")


class StepFailed(Exception):
    """A client step met something else than it waits for."""

    def __init__(self, step: Step, why: str) -> None:
        super().__init__(why)
        self.step = step
        self.why = why


class ClientLane:
    """The client lane of one run."""

    def __init__(self, recording: Recording, address: Address, deadlines: Deadlines) -> None:
        self._recording = recording
        self._address = address
        self._deadlines = deadlines
        self._connection = Connection(recording.observe, deadlines, lambda: recording.moved)
        self._asked = False
        self._release: Callable[[int], None] = lambda index: None
        # Tells the server to shut down, where it serves no other case.
        self.stop_server: Callable[[], Awaitable[None]] = _not_alone

    @property
    def connection(self) -> Connection:
        """The client's end of the connection."""
        return self._connection

    async def perform(self, program: Program, release: Callable[[int], None]) -> None:
        """Perform all steps; ``release(app step)`` lets the app lane go on. Raises `StepFailed`, `Missed`, `Ended`."""
        self._release = release
        for entry in program.client:
            step = entry.step
            if entry.after is not None and not await self._recording.step_done(entry.after):
                raise StepFailed(step, "the app lane ended before this step")
            try:
                came_to = await self._step(step) or step.op
            except Ended:
                raise StepFailed(step, "the connection ended first") from None
            except OSError as exc:
                raise StepFailed(step, f"{type(exc).__name__}: {exc}") from None
            self._recording.observe("client", "step", {"step": step.index, "op": came_to})
            if step.index in program.releases:
                release(program.releases[step.index])

    async def finish(self) -> None:
        """The script is done: wait for the end of TCP that the end of the app lane brings, then let go.

        What was answered with HTTP may stay open as HTTP has it: that is seen, and is no missed deadline.
        """
        connection = self._connection
        if not connection.ended:
            try:
                await connection.until(lambda: connection.ended, "end", end_is_enough=True)
            except Missed:
                if not self._kept_open():
                    raise

    def _kept_open(self) -> bool:
        """Whether the connection goes on as HTTP has it after an answer other than 101; that is seen then."""
        response = self._connection.response
        if response is None or response.status == 101:
            return False
        self._recording.observe("client", "kept-open", {"status": response.status})
        return True

    async def _step(self, step: Step) -> str | None:
        """Perform one step; what it came to, where that is not what it is called."""
        came_to: str | None = await getattr(self, "_do_" + step.op.replace("-", "_"))(**step.args)
        return came_to

    async def _opened(self) -> None:
        """Frames can travel only once the handshake has been answered."""
        connection = self._connection
        await connection.until(lambda: connection.response is not None or connection.handshake_problem, "response")
        if connection.response is None or connection.response.status != 101:
            raise Ended("response")

    async def _connect(self, boundary: str = "wire", narrow: bool = False) -> None:
        seconds = self._deadlines.seconds("connect")
        try:
            await self._address.endpoint.connect(lambda: self._connection, seconds, narrow)
        except TimeoutError:
            raise Missed("connect", seconds) from None
        self._recording.observe(boundary, "connect", {"unix": True} if self._address.endpoint.unix else {})

    def _request(self, subprotocols: Sequence[str], headers: Sequence[Sequence[str]], partial: bool = False) -> bytes:
        address, endpoint = self._address, self._address.endpoint
        pairs = [*address.headers, *((name, value) for name, value in headers), (RUN_HEADER, self._recording.id)]
        offered = list(subprotocols) or list(address.subprotocols)
        return self._connection.request(endpoint.host, endpoint.port, address.path, pairs, offered, partial)

    async def _do_open(
        self, subprotocols: Sequence[str], headers: Sequence[Sequence[str]], narrow: bool = False
    ) -> None:
        await self._connect(narrow=narrow)
        self._connection.write(self._request(subprotocols, headers))
        self._asked = True

    async def _do_open_early(self, early: bytes) -> None:
        await self._connect()
        request = self._request((), ())
        self._recording.observe("wire", "sent.raw", {"hex": early.hex()})
        self._connection.write(request + early)
        self._asked = True

    async def _do_open_partly(self) -> None:
        await self._connect()
        request = self._request((), (), partial=True)
        # All but the line that ends it: a server that goes on all the same can be told by the run's own header.
        self._connection.write(request[:-2])

    async def _do_ask(
        self, target: str, method: str, http: str, without: Sequence[str], headers: Sequence[Sequence[str]]
    ) -> None:
        await self._connect()
        address, endpoint = self._address, self._address.endpoint
        pairs = [(RUN_HEADER, self._recording.id), *((name, value) for name, value in headers)]
        first = (method, target or address.path, http)
        request = self._connection.request_as_given(endpoint.host, endpoint.port, first, list(without), pairs)
        self._connection.write(request)
        self._asked = True

    async def _do_open_again(self) -> None:
        self._connection.discard()
        observe, address = self._recording.observe, self._address

        def beside(boundary: str, kind: str, data: dict[str, Any]) -> None:
            observe("again" if boundary == "wire" else boundary, kind, data)

        self._connection = Connection(beside, self._deadlines, lambda: self._recording.moved)
        await self._connect("again")
        pairs = [*address.headers, (RUN_HEADER, self._recording.id)]
        host, port = address.endpoint.host, address.endpoint.port
        self._connection.write(self._connection.request(host, port, address.path, pairs, []))

    async def _do_accepted(self, expect: Mapping[str, Any]) -> None:
        await self._opened()

    async def _do_answered(self) -> None:
        connection = self._connection
        await connection.until(lambda: connection.response is not None or connection.ended, "response", True)

    async def _do_refused(self, expect: Mapping[str, Any]) -> None:
        connection = self._connection
        await connection.until(lambda: connection.response is not None or connection.ended, "response", True)
        if connection.response is None or connection.response.status == 101:
            raise Ended("response")

    async def _do_send(self, opcode: int, payload: Any, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        await self._opened()
        self._connection.write_frame(opcode, payload, fin=fin, rsv=rsv, masked=masked)
        await self._connection.drained()

    async def _do_send_at_once(self, payload: Any, times: int) -> None:
        await self._opened()
        self._connection.write_texts(payload, times)

    async def _do_raw(self, data: bytes) -> None:
        self._recording.observe("wire", "sent.raw", {"hex": data.hex()})
        self._connection.write(data)
        await self._connection.drained()

    async def _do_close(self, code: int | None = None, reason: Any = None, payload: bytes | None = None) -> None:
        await self._opened()
        if self._connection.close_sent:
            return  # the polite answer to the server's Close frame has already left
        body = frames.close_payload(code, reason) if payload is None else payload
        self._connection.write_frame(frames.CLOSE, body)

    async def _do_receive(self, expect: Mapping[str, Any]) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: connection.messages, "message")
        message = connection.messages.pop(0)
        if "json" in expect:
            # Whole: the wire's observations write a long message by its digest.
            self._recording.observe("client", "received.json", _parsed(message))

    async def _do_pong(self, payload: bytes) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: payload in connection.pongs, "pong")

    async def _do_closed(self, expect: Mapping[str, Any]) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: connection.close_received is not None, "close")

    async def _do_end_begun(self) -> None:
        connection = self._connection
        await connection.until(lambda: connection.ended or connection.close_received is not None, "close", True)

    async def _do_ended(self) -> str | None:
        connection = self._connection
        try:
            await connection.until(lambda: connection.ended, "end", end_is_enough=True)
        except Missed:
            # No document says that a server ends TCP for a half-close while its application goes on.
            if not self._kept_open() and (not connection.half_closed or self._recording.exited):
                raise
            return "not-ended"
        return None

    async def _called(self) -> None:
        """Whoever leaves after its whole request leaves a target that was called: else it was never there."""
        if self._asked and self._connection.response is None:
            await self._recording.entry("called")

    async def _let_go(self) -> None:
        """A transport closes its socket in the next turn of the loop: before that the app lane must hear of nothing."""
        await asyncio.sleep(0)

    async def _do_drop(self) -> None:
        await self._called()
        self._connection.drop()
        await self._let_go()

    async def _do_reset(self) -> None:
        await self._called()
        self._connection.reset()
        await self._let_go()

    async def _do_half_close(self) -> None:
        await self._called()
        self._connection.half_close()

    async def _do_settled(self, messages: int, brief: bool = False) -> None:
        await self._opened()
        try:
            await self._recording.settled(messages, "resettle" if brief else "settle")
        except Missed:
            self._recording.observe("client", "unsettled", {"messages": messages})

    async def _do_silence(self) -> None:
        self._connection.silent = True

    async def _do_keep_open(self) -> None:
        self._connection.keeps_open = True

    async def _do_ignore_pings(self) -> None:
        self._connection.ignores_pings = True

    async def _do_pinged(self, times: int) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: connection.pings >= times, "ping")

    async def _do_stop_server(self) -> None:
        await self.stop_server()

    async def _do_stop_reading(self) -> None:
        self._connection.stop_reading()

    async def _do_read_again(self) -> None:
        self._connection.read_again()

    async def _do_over(self) -> None:
        await self._recording.exit()

    async def _do_cork(self) -> None:
        await self._opened()
        self._connection.cork()

    async def _do_uncork(self) -> None:
        self._connection.uncork()
        await self._connection.drained()

    async def _do_hold(self) -> None:
        self._release(HOLD)
        with contextlib.suppress(Missed):
            await self._recording.holds("holding")

    async def _do_held(self) -> None:
        with contextlib.suppress(Missed):
            await self._recording.holds("held")

    async def _do_gone(self) -> None:
        connection = self._connection
        with contextlib.suppress(Missed):
            await connection.until(lambda: connection.ended, "gone", end_is_enough=True)

    async def _do_let_go(self) -> None:
        self._release(LET_GO)
