"""Parts of what runs beside the target, each by itself: loading, the lane, recording, and the bare probe."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from asgi_conformance.child import lane, passage
from asgi_conformance.child.bare import BareConnection, bare_probe
from asgi_conformance.child.boundary import Outermost
from asgi_conformance.child.endpoints import describe_escape
from asgi_conformance.child.lane import Failed
from asgi_conformance.child.leaves import looks_at_websockets
from asgi_conformance.child.loader import LoadError, SingleCallable, load
from asgi_conformance.child.recorder import KIND_LIMIT, Run, Runs, observed
from asgi_conformance.child.scope import whole_scope
from asgi_conformance.child.servers import server_of
from asgi_conformance.child.servers.interface import cannot_run
from asgi_conformance.child.servers.lifespan import Lifespan
from asgi_conformance.child.servers.testclient_bridge import Bridge
from asgi_conformance.child.wire import Channel, LineReader


class Heard:
    """A channel that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    def observe(self, run_id: str, boundary: str, kind: str, data: dict[str, Any]) -> None:
        self.told.append((boundary, kind, data))


def in_a_run(use: Callable[[Run], Coroutine[Any, Any, None]]) -> list[tuple[str, str, dict[str, Any]]]:
    """What is told of a run in which this happens."""
    channel = Heard()

    async def main() -> None:
        await use(Run("1", channel))  # type: ignore[arg-type]

    asyncio.run(main())
    return channel.told


# --- loading


class OfTwo:
    def __init__(self, scope: Any) -> None:
        self.scope = scope


def raises_by_itself() -> None:
    raise TypeError("no such thing")


async def async_factory() -> None: ...


def takes_one(one: Any) -> Any:
    return one


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("served_here")
    module.__dict__.update(
        OfTwo=OfTwo, raises=raises_by_itself, later=async_factory, hidden=lambda: async_factory(), takes_one=takes_one,
        number=lambda: 1,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "served_here", module)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("target", "factory", "phase", "message"),
    [
        ("served_here", False, "target", 'the target must be written "module:attribute", not "served_here"'),
        ("nowhere.py:app", False, "import", 'a module is named without ".py": "nowhere"'),
        ("served_here:later", False, "factory", "is an async factory, or no application"),
        ("served_here:hidden", False, "factory", "is an async factory, or no application"),
        ("served_here:takes_one", True, "factory", "the factory served_here:takes_one raised TypeError"),
        ("served_here:number", False, "factory", "returned an instance of int, which is not callable"),
    ],
)
def test_why_a_target_cannot_be_loaded(target: str, factory: bool, phase: str, message: str) -> None:
    with pytest.raises(LoadError) as failed:
        load(target, "", factory)
    assert failed.value.phase == phase
    assert message in failed.value.message


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("name", "app"), [("OfTwo", OfTwo), ("raises", raises_by_itself)])
def test_an_application_of_two_callables_is_called_with_both(name: str, app: Any) -> None:
    """A class of that form, and what raises TypeError by itself when it is taken for a factory."""
    path = list(sys.path)
    loaded = load(f"served_here:{name}", "", factory=False)
    assert isinstance(loaded, SingleCallable)
    assert loaded.app is app
    assert sys.path == path


# --- the bare probe, and connections of strangers


def test_the_bare_probe_iterates_as_far_as_it_is_asked() -> None:
    events = iter([{"type": "websocket.receive", "text": text} for text in "ab"])

    async def receive() -> dict[str, Any]:
        return next(events)

    probe = BareConnection(receive, None)
    assert asyncio.run(probe.perform("iterate", {"kind": "text", "limit": 2})) == {
        "type": "websocket.receive", "text": "b"
    }  # fmt: skip
    with pytest.raises(Failed, match="no operation jump"):
        asyncio.run(probe.perform("jump", {}))


def test_a_connection_of_nobodys_run_reaches_the_target_untouched() -> None:
    called = []

    async def app(*given: Any) -> None:
        called.append(given)

    async def main() -> None:
        outermost = Outermost(app, Runs(Channel(-1)), "/probe", lambda: None, lambda app: False)
        scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"a")]}
        await outermost(scope, 1, 2)
        assert called == [(scope, 1, 2)]
        await bare_probe(scope, None, None)

    asyncio.run(main())


# --- the lane


def test_a_handler_that_hangs_ends_only_when_it_is_cancelled() -> None:
    async def use(run: Run) -> None:
        run.steps = [(1, "hang", {}, False, False)]
        task = asyncio.ensure_future(lane.perform(run, None))
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert in_a_run(use) == [("app", "exit", {"outcome": "cancelled"})]


def test_a_second_task_that_never_waits_does_not_hold_the_lane_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "MOST_TURNS", 3)

    async def use(run: Run) -> None:
        async def busy() -> None:
            while True:
                run.observe("app", "turn", {})
                await asyncio.sleep(0)

        task = asyncio.ensure_future(busy())
        await lane._come_to_rest(run, task)
        assert not task.done()
        task.cancel()

    assert len(in_a_run(use)) >= 2


def test_a_join_without_a_second_task_goes_on() -> None:
    async def use(run: Run) -> None:
        run.steps = [(1, "join", {}, False, False)]
        await lane.perform(run, SimpleNamespace(states=dict))

    step = {"step": 1, "op": "join", "returned": None}
    assert in_a_run(use) == [("app", "op", step), ("app", "exit", {"outcome": "completed"})]


# --- recording


def test_what_is_seen_too_often_is_cut_short_but_for_its_end() -> None:
    async def use(run: Run) -> None:
        for _ in range(KIND_LIMIT + 3):
            run.observe("outer", "receive", {})
        run.observe("outer", "exit", {})

    told = in_a_run(use)
    assert len(told) == KIND_LIMIT + 2
    assert told[-2:] == [("outer", "truncated", {"kind": "receive", "limit": KIND_LIMIT}), ("outer", "exit", {})]


def test_a_run_may_be_described_twice() -> None:
    async def use(run: Run) -> None:
        for steps in ([], [["step"]]):
            run.brief({"steps": steps})
        await run.briefed()
        assert run.steps == [["step"]]

    assert not in_a_run(use)


def test_what_an_application_returns_is_shown() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> int:
        return 7

    async def use(run: Run) -> None:
        await observed(run, "outer", app, {}, None, None, {})

    assert in_a_run(use)[-1] == ("outer", "exit", {"outcome": "returned", "value": 7})


def test_a_scope_without_headers_or_state_has_none() -> None:
    assert whole_scope({"type": "websocket", "path": "/"}, None) == {"type": "websocket", "path": "/"}


class Group(Exception):
    """As what anyio raised before there were groups in the language."""

    def __init__(self, *exceptions: Exception) -> None:
        self.exceptions = exceptions


class BaseExceptionGroup(Group):
    pass


def test_the_exceptions_within_a_group_are_its_leaves() -> None:
    inside = BaseExceptionGroup(ValueError("a"), BaseExceptionGroup(KeyError("b")))
    assert [leaf["message"] for leaf in describe_escape(inside)["leaves"]] == ["a", "'b'"]
    assert len(describe_escape(Group(ValueError("a")))["leaves"]) == 1


async def names_within(scope: Any, receive: Any, send: Any) -> Any:
    def refuses() -> bool:
        return bool(scope["type"] == "websocket")

    return refuses()


def test_a_function_within_may_be_what_looks_at_websockets() -> None:
    assert looks_at_websockets(names_within)
    assert not looks_at_websockets(test_a_run_may_be_described_twice)


class Plain:
    """An application whose __call__ is no coroutine function, and one that lets itself not be patched."""

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        return "called"


def test_a_marked_object_is_what_it_was_for_connections_of_nobodys() -> None:
    marked = passage.mark(Plain(), passage.Component({"name": "Plain", "layer": "middleware"}, entry=True))
    assert marked({"type": "websocket"}, None, None) == "called"

    async def builtin(scope: Any, receive: Any, send: Any) -> None:
        scope["seen"] = True

    stand_in = passage.mark(builtin, passage.Component({"name": "builtin", "layer": "middleware"}, entry=True))
    scope = {"type": "websocket"}
    asyncio.run(stand_in(scope, None, None))
    assert scope["seen"]


# --- the pipes


def test_what_another_thread_sees_leaves_on_the_loop() -> None:
    reader, writer = os.pipe()
    calls: list[str] = []
    loop = SimpleNamespace(
        call_soon=lambda flush: calls.append("here"), call_soon_threadsafe=lambda flush: calls.append("there")
    )
    channel = Channel(writer)
    channel.bind(loop)
    thread = threading.Thread(target=channel.observe, args=("1", "app", "op", {}))
    thread.start()
    thread.join()
    channel.flush()
    channel.observe("1", "app", "op", {})
    assert calls == ["there", "here"]
    os.close(reader)
    os.close(writer)


def test_a_forked_copy_stays_silent_and_a_pipe_that_ends_is_told() -> None:
    reader, writer = os.pipe()
    channel = Channel(writer)
    channel.pid += 1
    channel.send({"ready": True})
    os.close(writer)
    assert os.read(reader, 1) == b""
    with pytest.raises(EOFError, match="before the configuration"):
        LineReader(reader).read_first()
    os.close(reader)


# --- servers


def test_why_a_server_cannot_run_is_told() -> None:
    with pytest.raises(LoadError) as failed:
        server_of({"server": "gunicorn"})
    assert failed.value.message == 'there is no server "gunicorn"'
    assert cannot_run("daphne", OSError("busy")).message == "daphne cannot run as asked (OSError: busy)"
    missing = cannot_run("granian", ModuleNotFoundError("no", name="uvloop.loop"))
    assert missing.message.endswith("pip install uvloop")
    assert Lifespan(None).failure().message == "start-up failed"


def bridged(client: Any = None) -> tuple[Bridge, socket.socket]:
    ours, theirs = socket.socketpair()
    return Bridge(ours, client), theirs


def test_a_client_that_leaves_before_its_request_is_not_served() -> None:
    bridge, theirs = bridged()
    theirs.shutdown(socket.SHUT_WR)
    bridge.run()
    assert theirs.recv(10) == b""
    theirs.close()


def test_testclient_passes_on_messages_and_no_other_event() -> None:
    bridge, theirs = bridged()
    events = iter([{"type": "websocket.ping"}, {"type": "websocket.send", "text": "a"}, {"type": "websocket.close"}])
    bridge._session = SimpleNamespace(receive=lambda: next(events))
    bridge._send_all()
    assert theirs.recv(100) == b"\x81\x01a" + b"\x88\x02\x03\xe8"
    theirs.close()
    bridge._connection.close()


def test_testclient_has_no_word_for_a_ping() -> None:
    bridge, theirs = bridged()
    sent: list[Any] = []
    bridge._session = SimpleNamespace(send_text=sent.append, send_bytes=sent.append)
    theirs.sendall(b"\x89\x80\x00\x00\x00\x00" + b"\x82\x81\x00\x00\x00\x00b")
    theirs.close()
    bridge._read_all()
    assert sent == [b"b"]
    bridge._connection.close()


def test_what_testclient_raises_before_an_answer_is_a_500() -> None:
    bridge, theirs = bridged()
    bridge._refuse(RuntimeError("no"))
    bridge._connection.close()
    assert theirs.recv(1000).startswith(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n")
    theirs.close()
