"""The WebSocket routes of a Falcon application: its router's tree, and its sinks that take a WebSocket."""

from __future__ import annotations

import datetime
import inspect
import re
import uuid
from typing import Any, Dict, Iterator, List, Optional

from ..endpoints import describe_endpoint

_FIELD = re.compile(r"{([^}:]+)(?::([^}(]*)(?:\(([^}]*)\))?)?}")
# Values of which each of Falcon's converters takes one (Falcon documentation, "Field Converters").
_CANDIDATES = ("x", "1", "10", "100", "1000", "1.5", "2026-01-01T00:00:00Z", "2026-01-01", "a1", "en")


def discover(app: Any) -> List[Dict[str, Any]]:
    """Every WebSocket route as data, in the order of the router's tree; sinks last."""
    found = [_describe(app, node) for node in _nodes(getattr(app._router, "_roots", ()))]
    return found + list(_sinks(app))


def resource_at(app: Any, path: str) -> Any:
    """The resource that the router has at a path, None for none."""
    found = _found(app, path)
    return found[0] if found else None


def handler_of(app: Any, scope: Any) -> Dict[str, Any]:
    """The responder or sink that a connection will reach, as `describe_endpoint` has it."""
    found = _found(app, scope["path"])
    responder = (found[1] or {}).get("WEBSOCKET") if found else None
    if responder is None:
        responder = next((sink[1] for sink in getattr(app, "_sinks", ()) if sink[0].match(scope["path"])), app)
    return describe_endpoint(responder)


def _found(app: Any, path: str) -> Any:
    try:
        return app._router.find(path)
    except Exception:
        return None  # a router of the target's own


def _nodes(roots: Any) -> Iterator[Any]:
    for node in roots:
        responder = (node.method_map or {}).get("WEBSOCKET")
        # For a method that a resource does not have, Falcon puts in a responder of its own.
        if responder is not None and not str(getattr(responder, "__module__", "")).startswith("falcon."):
            if not getattr(node.resource, "is_probe", False):
                yield node
        for below in _nodes(node.children):
            yield below


def _describe(app: Any, node: Any) -> Dict[str, Any]:
    params = {name: _example(app._router, kind, given) for name, kind, given in _FIELD.findall(node.uri_template)}
    out = {"path": node.uri_template, "url": _FIELD.sub(r"{\1}", node.uri_template), "host": "", "params": params}
    out.update(describe_endpoint(node.method_map["WEBSOCKET"]), kind="falcon", required={})
    return out


def _example(router: Any, kind: str, given: str) -> str:
    """A value that a field's converter takes; ``{uuid}``: a fresh one."""
    converter = _converter(router, kind, given)
    if converter is None:
        return "x"
    several = bool(getattr(converter, "CONSUME_MULTIPLE_SEGMENTS", False))
    if type(converter).__name__ == "UUIDConverter":
        return "{uuid}"
    form = getattr(converter, "_format_string", None)
    likely = [datetime.datetime(2026, 1, 1).strftime(form)] if isinstance(form, str) else []
    least, digits = getattr(converter, "_min", None), getattr(converter, "_num_digits", None)
    likely += [str(least)] if least is not None else []
    likely += [str(10 ** (digits - 1))] if digits else []
    for text in (*likely, *_CANDIDATES, str(uuid.uuid4())):
        try:
            if converter.convert([text] if several else text) is not None:
                return text
        except Exception:
            continue
    return "x"


def _converter(router: Any, kind: str, given: str) -> Optional[Any]:
    if not kind:
        return None
    try:
        return router._instantiate_converter(router.options.converters[kind], given or None)
    except Exception:
        return None


def _sinks(app: Any) -> Iterator[Dict[str, Any]]:
    for entry in getattr(app, "_sinks", ()):
        pattern, sink = entry[0], entry[1]
        try:
            takes = "ws" in inspect.signature(sink).parameters
        except (TypeError, ValueError):
            continue
        path = pattern.pattern
        if takes and re.escape(path) == path.replace("-", r"\-"):
            out = {"path": path, "url": path, "host": "", "params": {}, "kind": "falcon", "required": {}}
            out.update(describe_endpoint(sink))
            yield out
