"""Django Channels: the probe as a consumer whose callbacks drive the app lane, and its consumers observed."""

from __future__ import annotations

import asyncio
import functools
import sys
from typing import Any, Dict, List, Optional

from ..chain import chains
from ..components import describe_component
from ..endpoints import describe_endpoint
from ..handlers import observed_handler
from ..lane import Failed, perform
from ..passage import mark_chain
from ..recorder import Run, current_run
from . import channels_routes as routes
from .entry import application_in, at_object, watch_entry
from .versions import version_of

NAME = "channels"
_RECEIVING = ("receive_text", "receive_bytes", "receive_json")
OPERATIONS = ("accept", *_RECEIVING, "send_text", "send_bytes", "send_json", "close")
_DENIER = "channels.security.websocket"
is_application = routes.is_router


class Disconnected(Exception):
    """The consumer's ``disconnect(code)`` was called: what other frameworks raise, so that the lane can be told."""

    def __init__(self, code: Any) -> None:
        super().__init__(code)
        self.code = code


def loaded() -> bool:
    """Whether the target has imported Channels' routing and its consumers."""
    return "channels.generic.websocket" in sys.modules and hasattr(sys.modules.get("channels.routing"), "URLRouter")


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("channels"), "django": version_of("django")}


def inside(target: Any) -> Any:
    """The outermost router by URL within the target."""
    return application_in(target, is_application)


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the routers within the target (PROTOCOL.md, ``routes``)."""
    router = inside(target)
    return [] if router is None else routes.discover(router)


def install(probe_path: str, target: Any) -> None:
    """Patch Channels' classes: where a router is entered, and where a consumer begins."""
    watch_entry(sys.modules["channels.routing"].URLRouter, functools.partial(_inject_probe, probe_path))
    _observe_consumer(sys.modules["channels.consumer"].AsyncConsumer)
    for chain in chains(target, is_application):
        mark_chain(chain, root=target)


def _inject_probe(probe_path: str, router: Any, scope: Any) -> None:
    """Put the probe into a router that a connection to it has reached, unless a route leads to a further router."""
    path = str(scope.get("path_remaining", scope["path"]))
    root = str(scope.get("root_path") or "")
    if "path_remaining" not in scope and root and path.startswith(root):
        path = path[len(root) :]
    path = path.lstrip("/")
    if not path.endswith(probe_path.lstrip("/")) or router.__dict__.get("_asgi_conformance_probe") == path:
        return
    if not routes.leads_further(router, path):
        router._asgi_conformance_probe = path
        router.routes.insert(0, sys.modules["django.urls"].path(path, _conformance_probe))


async def _conformance_probe(scope: Any, receive: Any, send: Any) -> None:
    run = current_run.get()
    if run is not None:
        receive, send = at_object(run, receive, send, "the consumer")
        await _probe_class(run)()(scope, receive, send)


_conformance_probe.__name__ = "conformance_probe"


def _probe_class(run: Run) -> Any:
    """A consumer class of the target's Channels whose callbacks hand their events to the run's lane."""
    generic = sys.modules["channels.generic.websocket"]
    asked = [step[1] for step in run.steps]
    json = "receive_json" in asked or "send_json" in asked
    base = generic.AsyncJsonWebsocketConsumer if json else generic.AsyncWebsocketConsumer

    async def connect(self: Any) -> None:
        self.lane = ChannelsConnection(run, self)
        await self.lane.begin()

    async def receive(self: Any, text_data: Any = None, bytes_data: Any = None, **kwargs: Any) -> None:
        await self.lane.hand({"text": text_data, "bytes": bytes_data})

    async def receive_json(self: Any, content: Any, **kwargs: Any) -> None:
        await self.lane.hand({"json": content})

    async def disconnect(self: Any, code: Any) -> None:
        await self.lane.hand({"code": code})

    members: Dict[str, Any] = {"connect": connect, "disconnect": disconnect}
    members.update({"receive_json": receive_json} if "receive_json" in asked else {"receive": receive})
    return type("ConformanceProbe", (base,), members)


class ChannelsConnection:
    """The app lane in a task of its own: a callback hands its event over, and waits until the lane asks for the next.

    What the lane raises is raised in the callback under way.
    """

    def __init__(self, run: Run, consumer: Any) -> None:
        self.run = run
        self.consumer = consumer
        self._task: Optional["asyncio.Task[None]"] = None
        self._asked: Any = None
        self._next: Any = None
        self._gone: Optional[Disconnected] = None
        self._failed = False

    async def begin(self) -> None:
        """Start the lane; returns once it wants an event, or has ended."""
        loop = asyncio.get_running_loop()
        self._asked = loop.create_future()
        self._task = loop.create_task(perform(self.run, self))
        await self._until_asked()

    async def hand(self, event: Dict[str, Any]) -> None:
        """Give the lane an event; returns once it wants the next, or has ended."""
        if "code" in event:
            self._gone = Disconnected(event["code"])
        assert self._task is not None
        if not self._task.done():
            wanted, self._next, self._asked = self._next, None, asyncio.get_running_loop().create_future()
            wanted.set_result(event)
            await self._until_asked()

    async def _until_asked(self) -> None:
        assert self._task is not None
        try:
            await asyncio.wait([self._task, self._asked], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if self._task.done():
            self._task.result()
            if self._failed and self._gone is None:
                # A lane that stood still upon an exception has nothing more to do with its consumer.
                raise sys.modules["channels.exceptions"].StopConsumer

    async def _event(self) -> Dict[str, Any]:
        if self._gone is not None:
            raise self._gone
        self._next = asyncio.get_running_loop().create_future()
        self._asked.set_result(None)
        event: Dict[str, Any] = await self._next
        if self._gone is not None:
            raise self._gone
        return event

    def states(self) -> Dict[str, Any]:
        """A consumer has no public states."""
        return {}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS:
            raise Failed("a consumer of Channels has no " + op)
        self._failed = True
        returned = await self._done(op, args)
        self._failed = False
        return returned

    async def _done(self, op: str, args: Dict[str, Any]) -> Any:
        if op.startswith("receive_"):
            return (await self._event()).get(op.partition("_")[2])
        if op == "accept":
            given = {key: value for key, value in args.items() if value is not None}
            if "headers" in given:
                given["headers"] = [(bytes(name), bytes(value)) for name, value in given["headers"]]
            return await self.consumer.accept(**given)
        if op == "send_json":
            return await self.consumer.send_json(args["data"])
        if op in ("send_text", "send_bytes"):
            return await self.consumer.send(**{op.partition("_")[2] + "_data": args["data"]})
        return await self.consumer.close(**args)


def _observe_consumer(cls: Any) -> None:
    """The boundary ``route`` lies where a consumer of the target's begins; one of Channels' own refuses connections."""
    call = cls.__call__

    @functools.wraps(call)
    async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> Any:
        run = current_run.get()
        if run is None or type(self).__name__ == "ConformanceProbe":
            return await call(self, scope, receive, send)
        if type(self).__module__ == _DENIER:
            record = describe_component(type(self))
            exc = {"type": record["name"], "mro": [], "message": "the Origin header is not among those allowed"}
            run.observe("framework", "refused", {"exc": exc, "at": "{file}:{line}".format(**record)})
        elif run.route is not None and not run.handled:
            about = describe_endpoint(type(self))
            return await observed_handler(run, functools.partial(call, self), about, scope, receive, send)
        return await call(self, scope, receive, send)

    cls.__call__ = __call__
