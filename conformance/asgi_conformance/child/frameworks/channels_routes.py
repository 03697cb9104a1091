"""The WebSocket routes of Django Channels: read from URLRouter objects, nested ones and wrapped ones included."""

from __future__ import annotations

import re
import sys
from typing import Any, Dict, List, Optional, Tuple

from ..chain import chains
from ..endpoints import describe_endpoint
from .pattern_example import example_of, url_of

DEPTH = 12
# An example for each of Django's path converters (its documentation, "Path converters").
_EXAMPLES = {"IntConverter": "1", "StringConverter": "x", "SlugConverter": "x", "PathConverter": "x"}
_EXAMPLES["UUIDConverter"] = "{uuid}"
_PARAMETER = re.compile(r"<(?:[^>:]+:)?(?P<name>[^>]+)>")


def is_router(value: Any) -> bool:
    """Whether an object is one of Channels' routers by URL."""
    return isinstance(value, sys.modules["channels.routing"].URLRouter)


def discover(router: Any, prefix: str = "/", params: Optional[Dict[str, str]] = None, depth: int = 0) -> List[Any]:
    """Every consumer below a router (PROTOCOL.md, ``routes``)."""
    found: List[Dict[str, Any]] = []
    for route in router.routes if depth <= DEPTH else ():
        shown, url, examples = _pattern(route.pattern)
        examples = dict(params or {}, **examples)
        below = chains(route.callback, is_router)
        if below:
            for chain in below[:1]:
                found += discover(chain[-1], prefix + url, examples, depth + 1)
        elif getattr(route.callback, "__name__", "") != "conformance_probe":
            path = prefix + url
            out = {"path": path, "url": path, "host": "", "params": examples, "kind": "channels", "required": {}}
            out.update(describe_endpoint(consumer_of(route.callback) or route.callback))
            found.append(out)
    return found


def consumer_of(callback: Any) -> Any:
    """The consumer class that a route leads to, None where it is another ASGI application."""
    ways = chains(callback, lambda value: getattr(value, "consumer_class", None) is not None)
    return getattr(ways[0][-1], "consumer_class", None) if ways else None


def leads_further(router: Any, path: str) -> bool:
    """Whether a route of this router takes the path to another router."""
    return any(route.pattern.match(path) and bool(chains(route.callback, is_router)) for route in router.routes)


def _pattern(pattern: Any) -> Tuple[str, str, Dict[str, str]]:
    """A pattern as it is written, the URL that it stands for, and an example for each parameter."""
    text = str(getattr(pattern, "_route", "") or getattr(pattern, "_regex", ""))
    if hasattr(pattern, "_regex") and not hasattr(pattern, "_route"):
        url, params = url_of(text) or (text, {})
        return text, url, params
    params = {}
    for name, converter in pattern.converters.items():
        known = _EXAMPLES.get(type(converter).__name__)
        params[name] = known or example_of(str(converter.regex)) or "x"
    return text, _PARAMETER.sub(lambda match: "{" + match["name"] + "}", text), params
