"""The target's own routes as they are to be visited: what was discovered, under what the user configured."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from .cases.routes import Subject, route_cases
from .model import Case
from .settings import Settings, SettingsError, kinds, nearest

KEYS: Mapping[str, tuple[type, ...]] = {
    "params": (dict,),
    "query": (str, dict),
    "headers": (dict,),
    "cookies": (dict,),
    "subprotocols": (list,),
    "messages": (list,),
    "denial": (int,),
}
# The parts of one of the user's keys: a placeholder in any text becomes a fresh value for each connection.
FRESH = "{uuid}"


@dataclass(frozen=True, slots=True)
class Visit:
    """How a connection to a route is made: path with query, Host header ('' for the plain address), other headers."""

    path: str
    host: str
    headers: tuple[tuple[str, str], ...]
    subprotocols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One route: what is known of its handler, and how it is visited."""

    subject: Subject
    visit: Visit

    @property
    def fact(self) -> dict[str, Any]:
        """The route for the report."""
        subject = self.subject
        return {"path": subject.path, "handler": subject.handler, "file": subject.file, "line": subject.line}


def routes_of(
    found: Sequence[Mapping[str, Any]], settings: Settings, app_dir: str, every: bool = False
) -> list[Route]:
    """The routes to visit, in the target's order, then those that only the settings name.

    ``every``: whatever the setting ``routes`` says. Raises `SettingsError` for a table, key or pattern that is wrong or
    matches nothing.
    """
    tables = _checked(settings.route)
    paths = [str(fact["path"]) for fact in found]
    for path in tables:
        near = difflib.get_close_matches(path, paths, 1, 0.8)
        if path not in paths and near and near[0] not in tables:
            raise SettingsError(f'{_where(path)}: the target has no such route{nearest(path, paths)}')
    routes = [_route(fact, tables.get(str(fact["path"]), {}), settings, app_dir) for fact in found]
    given = [path for path in tables if path not in paths]
    routes += [_route({"path": path, "url": path}, tables[path], settings, app_dir) for path in given]
    if every or settings.routes == "all":
        return routes
    if settings.routes == "none":
        return []
    if not found:  # a target whose routes nothing shows
        named = [path for path in settings.routes if path.startswith("/") and path not in tables]
        routes += [route_named(path, settings, app_dir) for path in named]
    return _matching(routes, settings.routes)


def route_named(path: str, settings: Settings, app_dir: str) -> Route:
    """A route of which nothing is known but its path."""
    return _route({"path": path, "url": path}, {}, settings, app_dir)


def cases_of(routes: Iterable[Route]) -> list[Case]:
    """The cases of some routes."""
    return list(route_cases([route.subject for route in routes]))


def _matching(routes: list[Route], patterns: Sequence[str]) -> list[Route]:
    paths = [route.subject.path for route in routes]
    for pattern in patterns:
        if not any(path == pattern or fnmatchcase(path, pattern) for path in paths):
            where = "[tool.asgi-conformance] routes"
            raise SettingsError(f"{where}: {pattern} matches no route of the target{nearest(pattern, paths)}")
    return [r for r in routes if any(r.subject.path == p or fnmatchcase(r.subject.path, p) for p in patterns)]


def _where(path: str) -> str:
    return f'[tool.asgi-conformance.route."{path}"]'


def _checked(tables: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    for path, table in tables.items():
        where = _where(path)
        if not isinstance(table, Mapping):
            raise SettingsError(f"{where}: must be a table, not {kinds(type(table))}")
        for key, value in table.items():
            if key not in KEYS:
                raise SettingsError(f'{where}: unknown key "{key}"{nearest(key, KEYS)}')
            if not isinstance(value, KEYS[key]) or isinstance(value, bool):
                raise SettingsError(f'{where}: "{key}" must be {kinds(*KEYS[key])}, not {kinds(type(value))}')
    return tables


def _route(fact: Mapping[str, Any], table: Mapping[str, Any], settings: Settings, app_dir: str) -> Route:
    params = {**fact.get("params", {}), **{key: str(value) for key, value in table.get("params", {}).items()}}
    path = _filled(str(fact["url"]), params, quoted=True)
    query = "&".join(part for part in (settings.query, _query(table.get("query", fact.get("query", "")))) if part)
    cookies = {**settings.cookies, **table.get("cookies", {})}
    headers = dict(replace(settings, cookies=cookies).request_headers)
    for name, value in table.get("headers", {}).items():
        headers = {key: old for key, old in headers.items() if key.lower() != name.lower()}
        headers[name] = str(value)
    subject = Subject(
        path=str(fact["path"]),
        messages=tuple(str(message) for message in table.get("messages", fact.get("messages", ()))),
        denial=table.get("denial"),
        handler=str(fact.get("handler", "")),
        file=_short(str(fact.get("file", "")), app_dir),
        line=int(fact.get("line", 0)),
        configure=_lines(str(fact["path"]), fact.get("required") or {}),
        given="kind" not in fact,
    )
    host = _filled(str(fact.get("host", "")), params, quoted=False)
    subprotocols = tuple(table.get("subprotocols", settings.subprotocols))
    visit = Visit(path + ("?" + query if query else ""), host, tuple(headers.items()), subprotocols)
    return Route(subject, visit)


def _filled(pattern: str, params: Mapping[str, str], quoted: bool) -> str:
    def value(match: re.Match[str]) -> str:
        text = params.get(match[1], "x")
        return quote(text, safe="/{}" if quoted else "{}.-")

    filled = re.sub(r"{([^{}]+)}", value, pattern)
    return quote(filled, safe="/{}:@!$&'()*+,;=-._~%") if quoted else filled


def _query(value: Any) -> str:
    return urlencode(value, safe="{}") if isinstance(value, Mapping) else str(value)


def _short(file: str, folder: str) -> str:
    """A file inside the folder by its path from there, any other as it is."""
    root = os.path.join(os.path.abspath(folder or "."), "")
    return file[len(root) :] if file.startswith(root) else file


def fresh_visit(visit: Visit, value: str | None = None) -> Visit:
    """The visit with a value of its own for every placeholder (the same one in all its parts)."""
    value = value or str(uuid4())
    return Visit(
        visit.path.replace(FRESH, value),
        visit.host.replace(FRESH, value),
        tuple((name, text.replace(FRESH, value)) for name, text in visit.headers),
        tuple(name.replace(FRESH, value) for name in visit.subprotocols),
    )


def with_fresh_messages(case: Case) -> Case:
    """The case with a value of its own for every placeholder in the messages that it sends."""
    value = str(uuid4())
    steps = []
    for step in case.steps:
        payload = step.args.get("payload")
        if isinstance(payload, str) and FRESH in payload:
            step = replace(step, args={**step.args, "payload": payload.replace(FRESH, value)})
        steps.append(step)
    return replace(case, steps=tuple(steps))


def _lines(path: str, required: Mapping[str, Sequence[str]]) -> str:
    """What to write into pyproject.toml so that a route that denies can be visited."""
    lines = [_where(path)]
    for kind in ("query", "headers", "cookies"):
        names = required.get(kind, ())
        if names:
            lines.append(f"{kind} = {{ " + ", ".join(f'{name} = "…"' for name in names) + " }")
    if len(lines) == 1:
        lines.append('headers = { authorization = "Bearer …" }')
    return "\n".join(lines)
