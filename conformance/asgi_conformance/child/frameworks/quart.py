"""Quart: the probe as a registered websocket, its connections observed, its routes read from the URL map."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any, Dict, List

from ..chain import chains
from ..components import component_of
from ..endpoints import describe_endpoint, describe_escape
from ..handlers import observed_handler
from ..lane import Failed, perform
from ..passage import enter, mark_chain, mark_of
from ..recorder import current_run
from .entry import application_in, at_object, find_wrappers
from .versions import version_of

NAME = "quart"
OPERATIONS = frozenset(
    "accept receive_text receive_bytes receive_json send_text send_bytes send_json close deny".split()
)
_PROBE = "conformance_probe"
# An example for each converter of Werkzeug's (werkzeug.palletsprojects.com, "URL Routing").
_EXAMPLES = {"IntegerConverter": "1", "FloatConverter": "1.5", "UUIDConverter": "{uuid}"}


def loaded() -> bool:
    """Whether the target has imported Quart."""
    return "quart.app" in sys.modules and "quart.asgi" in sys.modules


def versions() -> Dict[str, str]:
    """Name and version."""
    return {"name": NAME, "version": version_of("quart")}


def is_application(value: Any) -> bool:
    """Whether an object is a Quart application."""
    return isinstance(value, sys.modules["quart.app"].Quart)


def inside(target: Any) -> Any:
    """The application within the target, entered behind what its author has put round ``asgi_app``."""
    app = application_in(target, is_application)
    return app if app is None or "asgi_app" not in vars(app) else functools.partial(type(app).asgi_app, app)


def install(probe_path: str, target: Any) -> None:
    """Patch Quart's classes: a connection, the hooks before a handler, and what it logs of one that fails."""
    cls = sys.modules["quart.app"].Quart
    _watch_connections(sys.modules["quart.asgi"].ASGIWebsocketConnection, probe_path)
    _observe_hooks(cls)
    _observe_logged(cls)
    find_wrappers(target, is_application)
    app = application_in(target, is_application)
    if app is not None and "asgi_app" in vars(app):
        for chain in chains(vars(app)["asgi_app"], is_application):
            mark_chain(chain)


def _watch_connections(cls: Any, probe_path: str) -> None:
    call = cls.__call__

    @functools.wraps(call)
    async def __call__(self: Any, receive: Any, send: Any) -> None:
        run = current_run.get()
        if run is None or run.objects:
            await call(self, receive, send)
            return
        run.objects = 1
        _inject_probe(probe_path, self.app, self.scope)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await call(self, *at_object(run, receive, send))

        async def handled(scope: Any, receive: Any, send: Any) -> None:
            async def connected(scope: Any, receive: Any, watched: Any) -> None:
                await call(self, *at_object(run, receive, _apart(watched, send)))

            await observed_handler(run, connected, _handler_of(self.app, self.scope), scope, receive, send)

        if run.route is not None and not run.handled:
            app = handled
        found = None if run.inside else mark_of(self.app)
        await enter(run, component_of(self.app), app, self.scope, receive, send, found.via if found is not None else ())

    cls.__call__ = __call__


def _apart(watched: Any, send: Any) -> Any:
    """What the handler sends goes to ``watched``; Quart's own Close after it, to ``send``."""
    accepted = False

    async def sent(event: Any) -> None:
        nonlocal accepted
        own = accepted and event["type"] == "websocket.close" and _asked_by() == "handle_websocket"
        accepted = accepted or event["type"] == "websocket.accept"
        await (send if own else watched)(event)

    return sent


def _asked_by() -> str:
    """The name of the function of Quart's that a send comes from."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != "quart.asgi":
        frame = frame.f_back
    return frame.f_code.co_name if frame is not None else ""


def _own_path(scope: Any) -> str:
    path, root = scope["path"], scope.get("root_path", "")
    return str(path[len(root) :] if root and path.startswith(root + "/") else path)


def _inject_probe(probe_path: str, app: Any, scope: Any) -> None:
    """Register the probe where the connection's path is the probe's and the application has none there yet."""
    path = _own_path(scope)
    if not path.endswith(probe_path):
        return
    rules = [rule for rule in app.url_map.iter_rules() if rule.websocket]
    if any(rule.rule == path for rule in rules):
        return
    prefix = path[: -len(probe_path)]
    behind = [rule.endpoint for rule in rules if prefix and rule.rule.startswith(prefix + "/") and "." in rule.endpoint]
    blueprint = behind[0].rpartition(".")[0] + "." if behind else ""
    options = {"host": _host(scope)} if app.url_map.host_matching else {}
    # An application that has begun to serve takes no more routes; this one is nobody's but the suite's.
    begun, app._got_first_request = getattr(app, "_got_first_request", False), False
    try:
        endpoint = "{}{}_{}".format(blueprint, _PROBE, len(rules))
        rule = app.url_rule_class(path, methods=["GET"], endpoint=endpoint, websocket=True, **options)
        app.url_map.add(rule)
        app.view_functions[endpoint] = conformance_probe
    finally:
        app._got_first_request = begun


def _host(scope: Any) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")


async def conformance_probe(**_: Any) -> Any:
    """Perform the app lane of the connection's run; a denial is what the handler returns."""
    run = current_run.get()
    if run is None:
        return None
    connection = QuartConnection(sys.modules["quart"].websocket._get_current_object())
    await perform(run, connection)
    return connection.answer


def _observe_hooks(cls: Any) -> None:
    call = cls.preprocess_websocket

    @functools.wraps(call)
    async def preprocess_websocket(self: Any, *args: Any, **kwargs: Any) -> Any:
        run = current_run.get()
        if run is not None and run.inside:
            return None
        answer = await call(self, *args, **kwargs)
        if run is not None and answer is not None:
            names = [f.__qualname__ for funcs in self.before_websocket_funcs.values() for f in funcs]
            at = "before_websocket ({})".format(", ".join(names))
            exc = {"type": "Response", "mro": ["Response"], "message": ""}
            run.observe("framework", "refused", {"exc": exc, "at": at})
        return answer

    cls.preprocess_websocket = preprocess_websocket


def _observe_logged(cls: Any) -> None:
    """What leaves a handler goes no further than Quart, which logs its traceback here."""
    call = cls.log_exception

    @functools.wraps(call)
    def log_exception(self: Any, exception_info: Any) -> Any:
        run = current_run.get()
        if run is not None and run.route is not None and exception_info[1] is not None:
            run.observe("route", "escaped", {"exc": describe_escape(exception_info[1])})
        return call(self, exception_info)

    cls.log_exception = log_exception


def discover(target: Any) -> List[Dict[str, Any]]:
    """The WebSocket routes of the application within the target (PROTOCOL.md, ``routes``)."""
    app = application_in(target, is_application)
    rules = app.url_map.iter_rules() if app is not None else ()
    return [_describe(app, rule) for rule in rules if rule.websocket and _PROBE not in rule.endpoint]


def _describe(app: Any, rule: Any) -> Dict[str, Any]:
    converters = {name: value for name, value in rule._converters.items() if "<" in rule.rule}
    url = re.sub(r"<(?:[^<>]*?:)?(\w+)>", r"{\1}", rule.rule)
    host = _host_of(app, rule)
    params = {name: _example(value) for name, value in converters.items() if "{" + name + "}" in url}
    out = {"path": host + rule.rule, "url": url, "host": host, "params": params, "kind": NAME, "required": {}}
    out.update(_described(app.view_functions.get(rule.endpoint)))
    return out


def _host_of(app: Any, rule: Any) -> str:
    if app.url_map.host_matching:
        return str(rule.host or "")
    server = app.config.get("SERVER_NAME") or ""
    return "{}.{}".format(rule.subdomain, server) if rule.subdomain and server else ""


def _example(converter: Any) -> str:
    kind = type(converter).__name__
    if kind == "AnyConverter":
        return str(sorted(converter.items)[0])
    least = getattr(converter, "min", None)
    if least is not None and kind in ("IntegerConverter", "FloatConverter"):
        return str(least)
    length = re.search(r"\{(\d+)", converter.regex) if kind == "UnicodeConverter" else None
    return _EXAMPLES.get(kind, "x" * max(1, int(length.group(1)) if length else 1))


def _described(view: Any) -> Dict[str, Any]:
    return describe_endpoint(getattr(view, "view_class", view))


def _handler_of(app: Any, scope: Any) -> Dict[str, Any]:
    adapter = app.url_map.bind(_host(scope) or "localhost", path_info=_own_path(scope), url_scheme=scope["scheme"])
    try:
        rule, _ = adapter.match(method="GET", websocket=True, return_rule=True)
    except Exception:
        return describe_endpoint(app)  # Quart answers this one itself
    return _described(app.view_functions.get(rule.endpoint))


class QuartConnection:
    """The app lane's operations on Quart's websocket, through its public methods alone."""

    cancels = True

    def __init__(self, websocket: Any) -> None:
        self.websocket = websocket
        self.answer: Any = None

    def states(self) -> Dict[str, Any]:
        """Quart documents no states."""
        return {}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what the framework raises."""
        if op not in OPERATIONS:
            raise Failed("Quart's websocket has no " + op)
        if op == "accept":
            pairs = args.pop("headers", ())
            return await self.websocket.accept(headers=_headers(pairs) if pairs else None, **args)
        if op == "deny":
            self.answer = b"".join(args["chunks"]), args["status"], _headers(args["headers"])
            return None
        if op == "close":
            return await self.websocket.close(**dict({"code": 1000}, **args))
        if op in ("receive_text", "receive_bytes"):
            return await self.websocket.receive()
        if op == "receive_json":
            return await self.websocket.receive_json()
        if op == "send_json":
            return await self.websocket.send_json(args["data"])
        return await self.websocket.send(args["data"])


def _headers(pairs: Any) -> Any:
    text = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in pairs]
    return sys.modules["werkzeug.datastructures"].Headers(text)
