"""The client lane: performs a script's client steps in order, each when the one above it is complete."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..model import Step
from . import frames
from .client import Connection, Ended, Missed
from .deadlines import Deadlines
from .program import Program
from .recording import Recording

RUN_HEADER = "x-asgi-conformance"


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how the client connects."""

    port: int
    path: str
    host: str = "127.0.0.1"
    authority: str = ""
    headers: Sequence[tuple[str, str]] = ()
    subprotocols: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


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
        self._connection = Connection(recording.observe, deadlines)
        self._asked = False

    @property
    def connection(self) -> Connection:
        """The client's end of the connection."""
        return self._connection

    async def perform(self, program: Program, release: Any) -> None:
        """Perform all steps; ``release(app step)`` lets the app lane go on. Raises `StepFailed`, `Missed`, `Ended`."""
        for entry in program.client:
            step = entry.step
            if entry.after is not None and not await self._recording.step_done(entry.after):
                raise StepFailed(step, "the app lane ended before this step")
            try:
                await self._step(step)
            except Ended:
                raise StepFailed(step, "the connection ended first") from None
            except OSError as exc:
                raise StepFailed(step, f"{type(exc).__name__}: {exc}") from None
            self._recording.observe("client", "step", {"step": step.index, "op": step.op})
            if step.index in program.releases:
                release(program.releases[step.index])

    async def finish(self) -> None:
        """The script is done: wait for the end of TCP that the end of the app lane brings, then let go."""
        connection = self._connection
        if not connection.ended:
            await connection.until(lambda: connection.ended, "end", end_is_enough=True)

    async def _step(self, step: Step) -> None:
        await getattr(self, "_do_" + step.op.replace("-", "_"))(**step.args)

    async def _opened(self) -> None:
        """Frames can travel only once the handshake has been answered."""
        connection = self._connection
        await connection.until(lambda: connection.response is not None or connection.handshake_problem, "response")
        if connection.response is None or connection.response.status_code != 101:
            raise Ended("response")

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        seconds = self._deadlines.seconds("connect")
        try:
            async with asyncio.timeout(seconds):
                await loop.create_connection(lambda: self._connection, self._address.host, self._address.port)
        except TimeoutError:
            raise Missed("connect", seconds) from None
        self._recording.observe("wire", "connect", {})

    def _request(self, subprotocols: Sequence[str], headers: Sequence[Sequence[str]], partial: bool = False) -> bytes:
        address = self._address
        pairs = [*address.headers, *((name, value) for name, value in headers), (RUN_HEADER, self._recording.id)]
        offered = list(subprotocols) or list(address.subprotocols)
        return self._connection.request(address.host, address.port, address.path, pairs, offered, partial)

    async def _do_open(self, subprotocols: Sequence[str], headers: Sequence[Sequence[str]]) -> None:
        await self._connect()
        self._connection.write(self._request(subprotocols, headers))
        self._asked = True

    async def _do_open_partly(self) -> None:
        await self._connect()
        request = self._request((), (), partial=True)
        self._connection.write(request[: len(request) // 2])

    async def _do_accepted(self, expect: Mapping[str, Any]) -> None:
        await self._opened()

    async def _do_refused(self, expect: Mapping[str, Any]) -> None:
        connection = self._connection
        await connection.until(lambda: connection.response is not None or connection.ended, "response", True)
        if connection.response is None or connection.response.status_code == 101:
            raise Ended("response")

    async def _do_send(self, opcode: int, payload: Any, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        await self._opened()
        self._connection.write_frame(opcode, payload, fin=fin, rsv=rsv, masked=masked)
        await self._connection.drained()

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
        connection.messages.pop(0)

    async def _do_pong(self, payload: bytes) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: payload in connection.pongs, "pong")

    async def _do_closed(self, expect: Mapping[str, Any]) -> None:
        connection = self._connection
        await self._opened()
        await connection.until(lambda: connection.close_received is not None, "close")

    async def _do_ended(self) -> None:
        connection = self._connection
        await connection.until(lambda: connection.ended, "end", end_is_enough=True)

    async def _called(self) -> None:
        """Whoever leaves after its whole request leaves a target that was called: else it was never there."""
        if self._asked and self._connection.response is None:
            await self._recording.entry()

    async def _do_drop(self) -> None:
        await self._called()
        self._connection.drop()

    async def _do_reset(self) -> None:
        await self._called()
        self._connection.reset()

    async def _do_half_close(self) -> None:
        await self._called()
        self._connection.half_close()

    async def _do_settled(self, messages: int) -> None:
        await self._opened()
        with contextlib.suppress(Missed):
            await self._recording.settled(messages)

    async def _do_silence(self) -> None:
        self._connection.silent = True
