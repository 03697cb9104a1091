"""The harness at the wire, against ends that answer as they like: sockets of this process, and no target."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import ssl
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from asgi_conformance.harness import sweep as sweeping
from asgi_conformance.harness.bystander import Bystander
from asgi_conformance.harness.client import Connection
from asgi_conformance.harness.deadlines import Deadlines
from asgi_conformance.harness.endpoint import GOODBYE, Address, Endpoint, Remote
from asgi_conformance.harness.frames import FrameReader
from asgi_conformance.harness.handshake import Handshake
from asgi_conformance.harness.lane import ClientLane
from asgi_conformance.harness.program import compile_case
from asgi_conformance.harness.recording import Recording
from asgi_conformance.harness.runner import Runner
from asgi_conformance.harness.sweep import Light, Sweep
from asgi_conformance.harness.transport import HIGH, SocketTransport
from asgi_conformance.model import Case, Step

SHORT = Deadlines(0.05)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
CLOSED = b"\x88\x02\x0f\xa1"  # a Close frame with 4001


# --- the sweep


class Process:
    """What a sweep asks of the target's process."""

    def __init__(self) -> None:
        self.dead, self.died = False, 0
        self.said: list[Any] = []
        self.on_message: Callable[[dict[str, Any]], None] = self.said.append
        self.on_death: Callable[[], None] = self._count

    def _count(self) -> None:
        self.died += 1

    def send(self, message: Any) -> None:
        self.said.append(message)

    def tell(self, run_id: str, boundary: str = "sweep", **told: Any) -> None:
        self.on_message({"o": [[run_id, 0, boundary, "told", told]]})

    def dies(self) -> None:
        self.dead = True
        self.on_death()


Answer = Callable[[Process, str, asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def turns() -> None:
    """Let the loop do what it has to do without a wait."""
    for _ in range(20):
        await asyncio.sleep(0)


def swept(answer: Answer, codes: list[int], by: str = "c", cancelled: bool = False) -> tuple[list[Light], Process]:
    """What a sweep sees of a server that does this with each connection."""
    process = Process()

    async def main() -> list[Light]:
        writers: list[asyncio.StreamWriter] = []

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                await answer(process, head.partition(b"~")[2].partition(b"\r\n")[0].decode(), reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # the client has left without a request
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        address = Address(Endpoint(server.sockets[0].getsockname()[1]), "/")
        task = asyncio.ensure_future(Sweep(process, address, SHORT, by).run(codes))  # type: ignore[arg-type]
        try:
            if not cancelled:
                return await task
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return []
        finally:
            await turns()  # what has connected is accepted
            server.close()
            for writer in writers:
                writer.transport.abort()
            await turns()

    return asyncio.run(main()), process


async def in_pieces(process: Process, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    text, long = b"\x81\x01a", b"\x82\x7e\x00\x80" + b"b" * 128
    for part in (ACCEPTED[:20], ACCEPTED[20:] + text + long[:60], long[60:] + CLOSED[:3], CLOSED[3:] + CLOSED):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.005)
    process.tell("~" + run, "outer")
    process.tell("~c9", code=9)
    process.tell("~" + run, code=1)
    process.tell("~" + run, code=2)


def test_a_sweep_reads_what_comes_in_pieces() -> None:
    """Only a Close frame counts, and what the child says of other boundaries, other runs or again does not."""
    (light,), process = swept(in_pieces, [4001])
    assert light == Light(4001, 101, (4001, b""), "fin", {"code": 1})
    assert light.complete
    assert process.said == [{"sweep": True}, {"sweep": False}]


async def refuses(process: Process, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
    process.tell("~" + run)


def test_a_sweep_that_is_refused_goes_on() -> None:
    lights, _ = swept(refuses, [1000, 4001])
    assert [(light.code, light.status, light.ended) for light in lights] == [
        (1000, 403, "refused"), (4001, 403, "refused")
    ]  # fmt: skip


async def silent(process: Process, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_a_sweep_gives_up_what_does_not_move() -> None:
    (light,), process = swept(silent, [4001])
    assert light == Light(4001)
    assert not process.died


def test_a_sweep_that_is_cancelled_leaves_no_connection_and_no_ear() -> None:
    _, process = swept(silent, [4001], cancelled=True)
    assert process.on_message == process.said.append
    assert process.said == [{"sweep": True}, {"sweep": False}]


async def dies(process: Process, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    process.dies()


def test_a_death_in_a_sweep_is_told_to_who_listened_before() -> None:
    (light,), process = swept(dies, [4001])
    assert not light.complete
    assert process.died == 1


def test_a_sweep_leaves_the_garbage_collector_as_it_was() -> None:
    gc.disable()
    try:
        swept(refuses, [1000])
        assert not gc.isenabled()
    finally:
        gc.enable()


class Late(socket.socket):
    """A socket that is not connected yet when the first bytes are to be sent, or of which the other end is gone."""

    errors: ClassVar[list[int]] = []

    def send(self, data: Any, *flags: int) -> int:
        if self.errors:
            raise OSError(self.errors.pop(), "not now")
        return super().send(data, *flags)


@pytest.mark.parametrize(("error", "ended"), [(errno.EAGAIN, "refused"), (errno.EPIPE, "")])
def test_a_connection_that_does_not_stand_yet_is_written_to_later(
    monkeypatch: pytest.MonkeyPatch, error: int, ended: str
) -> None:
    """Any other error is that of the connection, whose end its reader sees."""
    monkeypatch.setattr(sweeping, "socket", SimpleNamespace(socket=Late, SOCK_STREAM=socket.SOCK_STREAM))
    monkeypatch.setattr(Late, "errors", [error])
    (light,), _ = swept(refuses, [1000])
    assert light.ended == ended


# --- a transport


class Reads(asyncio.Protocol):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.lost = asyncio.get_running_loop().create_future()

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


def transported(use: Callable[[SocketTransport], None]) -> tuple[list[str], int]:
    """What the protocol was told, and how much arrived at the other end before it ended."""

    async def main() -> tuple[list[str], int]:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        protocol = Reads()
        transport = SocketTransport(loop, ours, protocol)
        use(transport)
        arrived = 0
        with theirs:
            while data := await loop.sock_recv(theirs, 65536):
                arrived += len(data)
        transport.close()
        assert await protocol.lost is None
        return protocol.told, arrived

    return asyncio.run(main())


LARGE = b"a" * (64 * HIGH)


def test_what_a_socket_does_not_take_at_once_goes_first() -> None:
    def use(transport: SocketTransport) -> None:
        transport.write(LARGE)
        transport.resume_reading()
        assert transport.is_reading()
        transport.write(b"more")
        transport.write_eof()
        transport.write_eof()

    assert transported(use) == (["pause", "resume"], len(LARGE) + 4)


def test_a_transport_that_is_closed_sends_what_is_left() -> None:
    def use(transport: SocketTransport) -> None:
        transport.write(b"")
        transport.write(LARGE)
        assert transport.get_write_buffer_size() > HIGH
        transport.close()
        assert transport.is_closing()

    assert transported(use) == (["pause", "resume"], len(LARGE))


# --- a connection


def heard() -> tuple[Connection, list[tuple[str, str, dict[str, Any]]]]:
    seen: list[tuple[str, str, dict[str, Any]]] = []
    return Connection(lambda *one: seen.append(one), SHORT), seen


def test_a_message_in_fragments_is_one_message() -> None:
    async def main() -> list[str | bytes]:
        connection, _ = heard()
        connection.data_received(b"\x01\x01a\x80\x01b\x02\x01c")
        return connection.messages

    assert asyncio.run(main()) == ["ab"]


@pytest.mark.parametrize(
    ("how", "kind", "told"),
    [("drop", "sent.fin", {}), ("reset", "sent.rst", {}), ("half_close", "sent.fin", {"half": True})],
)
def test_the_end_of_a_client_that_never_connected_is_seen(how: str, kind: str, told: dict[str, Any]) -> None:
    async def main() -> list[Any]:
        connection, seen = heard()
        getattr(connection, how)()
        return seen

    assert asyncio.run(main()) == [("wire", kind, told)]


def test_a_deployed_endpoint_is_asked_for_by_its_name() -> None:
    async def main() -> dict[str, Any]:
        asked: dict[str, Any] = {}

        async def create_connection(protocol: Any, host: str, port: int, **more: Any) -> None:
            asked.update(host=host, port=port, **more)

        loop = asyncio.get_running_loop()
        loop.create_connection = create_connection  # type: ignore[assignment]
        await Remote(443, "example.org", tls=TLS).connect(asyncio.Protocol, 1.0)
        return asked

    TLS = ssl.create_default_context()
    more = {"ssl": TLS, "server_hostname": "example.org", "ssl_shutdown_timeout": GOODBYE}
    assert asyncio.run(main()) == {"host": "example.org", "port": 443, **more}


@pytest.mark.parametrize("size", [b"\x82\x7e\x00\x03", b"\x82\x7f" + b"\x00" * 7 + b"\x03"])
def test_a_frame_may_come_byte_by_byte(size: bytes) -> None:
    reader = FrameReader()
    frames = [frame for byte in size + b"abc" for frame in reader.feed(bytes([byte]))]
    assert frames == [(2, b"abc", True, 0, False)]
    assert not reader.incomplete


def test_a_second_answer_that_comes_later_is_seen() -> None:
    seen: list[Any] = []
    handshake = Handshake(lambda *one: seen.append(one))
    handshake.request("localhost", 80, "/", [], [])
    assert handshake.feed(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno") == b""
    assert handshake.feed(b"HTTP/1.1 101 Switching Protocols\r\n") == b""
    assert seen[-1] == ("wire", "response.second", {"line": "HTTP/1.1 101 Switching Protocols"})


# --- the client lane


@pytest.mark.parametrize(("how", "seen"), [("reset", "ConnectionResetError"), ("drop", "end"), ("half-close", "end")])
def test_the_app_lane_hears_of_an_end_only_once_it_is_on_the_wire(how: str, seen: str) -> None:
    found: list[str] = []

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            recording = Recording("1", SHORT)
            recording.from_child(0, "outer", "enter", {})
            lane = ClientLane(recording, Address(Endpoint(listener.getsockname()[1]), "/"), SHORT)
            opens = Step(0, "client", "open", {"subprotocols": [], "headers": []})
            steps = (opens, Step(1, "client", how), Step(2, "app", "send_text", {"args": {"data": "x"}}))

            def release(index: int) -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.setblocking(False)
                    try:
                        while peer.recv(4096):
                            pass
                    except OSError as exc:
                        found.append(type(exc).__name__)
                    else:
                        found.append("end")

            await lane.perform(compile_case(Case("a.case", "", "a", (), steps)), release)
            lane.connection.discard()
            await asyncio.sleep(0)

    asyncio.run(main())
    assert found == [seen]


# --- recordings


def test_a_bystander_that_was_never_let_in_only_lets_go() -> None:
    async def main() -> Recording:
        recording = Recording("1", SHORT)
        bystander = Bystander(recording, Address(Endpoint(1), "/"), SHORT)
        assert not bystander.alive
        await bystander.leaves()
        return recording

    assert asyncio.run(main()).trace().observations == ()


def test_what_the_lane_says_besides_ends_no_step() -> None:
    async def main() -> bool:
        recording = Recording("1", SHORT)
        recording.from_child(recording.started_us, "app", "said", {})
        recording.from_child(recording.started_us, "app", "exit", {"outcome": "completed"})
        return await recording.step_done(1)

    assert asyncio.run(main()) is False


def test_what_is_said_of_a_run_that_is_over_is_left_alone() -> None:
    process = Process()
    Runner(process, SHORT, lambda case, inside: Address(Endpoint(1), "/"))  # type: ignore[arg-type]
    for message in ({"o": [["9", 0, "outer", "enter", {}]]}, {"snapshot": ["9", {}]}, {"surface": ["9", {}]}):
        process.on_message(message)
    assert process.said == []
