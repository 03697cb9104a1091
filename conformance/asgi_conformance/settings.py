"""The user's settings: ``[tool.asgi-conformance]`` of pyproject.toml, under the options of the command line."""

from __future__ import annotations

import difflib
import glob
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import credentials

PROFILES = ("app", "framework", "server", "all")
MIDDLEWARE_ASPECTS = ("accept-headers", "close-code", "reason", "subprotocol", "denial", "messages", "other")


# What uvicorn can be told to run on; what it takes by itself depends on what is installed.
UVICORN = {"loop": ("auto", "asyncio", "uvloop"), "http": ("auto", "h11", "httptools")}
# As many connections as probe cases have open at once.
MOST_AT_ONCE = 24


# Names of environment variables whose values are credentials; others, such as DEBUG=1, are words of any text.
_CREDENTIAL = re.compile(r"(?i)(auth|cookie|token|secret|passw|passphrase|pwd|session|credential|key$|dsn$|_url$)")


class SettingsError(Exception):
    """A setting is wrong; the message is one line that says which and what to write instead."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has decided, each with its default. Names are those of the file, with ``-`` for ``_``."""

    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    scheme: str = ""
    query: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    probe_prefix: str = ""
    probe: str = "behind"
    env: Mapping[str, str] = field(default_factory=dict)
    routes: str | tuple[str, ...] = "all"
    routes_concurrency: int = 1
    route: Mapping[str, Any] = field(default_factory=dict)
    middleware: Mapping[str, Any] = field(default_factory=dict)
    uvicorn: Mapping[str, Any] = field(default_factory=dict)
    deadline: float = 5.0
    strict: str = ""
    profile: str = "app"
    baseline: str = ""
    cases: tuple[str, ...] = ()

    @property
    def may(self) -> tuple[str, ...]:
        """The changes that the user allows middleware (``middleware.may``)."""
        return tuple(self.middleware.get("may", ()))

    @property
    def request_headers(self) -> list[tuple[str, str]]:
        """The headers that every connection carries."""
        out = list(self.headers.items())
        if self.origin:
            out.append(("Origin", self.origin))
        if self.scheme:
            # What a proxy that ends TLS would say; uvicorn believes it of the local address.
            out.append(("X-Forwarded-Proto", self.scheme))
        if self.cookies:
            out.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())))
        return out

    @property
    def secrets(self) -> list[str]:
        """Every configured value that may be a credential."""
        tables = [table for table in self.route.values() if isinstance(table, Mapping)]
        values = [*self.headers.values(), *self.cookies.values()]
        values += [value for name, value in self.env.items() if _CREDENTIAL.search(name)]
        values += [*credentials.of_query(self.query), *credentials.of_values(self.env)]
        values += [found for name in self.subprotocols for found in credentials.of_message(name)]
        for table in tables:
            for name in ("headers", "cookies"):
                given = table.get(name)
                values += [str(value) for value in given.values()] if isinstance(given, Mapping) else []
            values += credentials.of_query(table.get("query", ""))
            for message in (*table.get("messages", ()), *table.get("subprotocols", ())):
                values += credentials.of_message(message)
        # A credential is also one without the word before it: "Bearer …".
        values += [word for value in list(values) for word in value.split() if len(word) > _SCHEME]
        return [value for value in dict.fromkeys(values) if len(value) > 3]


# The longest name of a scheme of HTTP authentication that is no credential itself (Negotiate, SCRAM-SHA-256).
_SCHEME = 13
_TYPES: Mapping[str, tuple[type, ...]] = {
    "headers": (dict,),
    "origin": (str,),
    "scheme": (str,),
    "query": (str,),
    "cookies": (dict,),
    "subprotocols": (list,),
    "probe_prefix": (str,),
    "probe": (str,),
    "env": (dict,),
    "routes": (str, list, dict),
    "route": (dict,),
    "middleware": (dict,),
    "uvicorn": (dict,),
    "deadline": (int, float),
    "strict": (bool, str),
    "profile": (str,),
    "baseline": (str,),
    "cases": (list,),
}


def nearest(name: str, names: Any) -> str:
    """``; did you mean "x"?`` for the nearest of some names, '' where none is near."""
    near = difflib.get_close_matches(name, [str(n) for n in names], 1, 0.5)
    return f'; did you mean "{near[0]}"?' if near else ""


def load(folder: Path, root: Path | None = None) -> Settings:
    """The settings of the nearest pyproject.toml that has some, from a folder up to ``root``; the defaults without one.

    ``root`` (pytest's) counts even where it is not above the folder. Raises `SettingsError`.
    """
    for place in _places(folder, root or folder):
        file = place / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            table = tomllib.loads(file.read_text("utf-8")).get("tool", {}).get("asgi-conformance")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as exc:
            raise SettingsError(f"{file}: {exc}") from None
        if table is not None:
            if not isinstance(table, dict):
                raise SettingsError(f"{file}: [tool.asgi-conformance] must be a table")
            settings = parse(table)
            # Files lie beside the settings, wherever pytest is called.
            baseline = str(place / settings.baseline) if settings.baseline else ""
            cases = tuple(os.path.join(glob.escape(str(place)), pattern) for pattern in settings.cases)
            return replace(settings, baseline=baseline, cases=cases)
    return Settings()


def kinds(*types: type) -> str:
    """The kinds of TOML's values by the names that their writers know."""
    return " or ".join(dict.fromkeys(_KINDS.get(one, f"a {one.__name__}") for one in types))


_KINDS = {str: "a string", bool: "true or false", dict: "a table", list: "a list", int: "a number", float: "a number"}


def _places(folder: Path, root: Path) -> list[Path]:
    above = [folder, *folder.parents]
    return above[: above.index(root) + 1] if root in above else [folder, root]


def parse(table: Mapping[str, Any]) -> Settings:
    """Settings from the table ``[tool.asgi-conformance]``. Raises `SettingsError`."""
    where = "[tool.asgi-conformance]"
    names = {f.name for f in fields(Settings)} - {"routes_concurrency"}
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in names or "_" in key:
            raise SettingsError(f'{where}: unknown key "{key}"{nearest(key, (n.replace("_", "-") for n in names))}')
        if not isinstance(value, _TYPES[name]):
            raise SettingsError(f'{where}: "{key}" must be {kinds(*_TYPES[name])}, not {kinds(type(value))}')
        if name == "routes" and isinstance(value, dict):
            values |= _routes(value, where)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    if values.get("strict") in (True, False):
        values["strict"] = "warn" if values["strict"] else ""
    return _checked(replace(Settings(), **values), where)


def _routes(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``routes`` as a table: ``match`` is what it is as a plain value, ``concurrency`` how many are visited at once."""
    for key in table:
        if key not in ("match", "concurrency"):
            hint = nearest(key, ("routes.match", "routes.concurrency")) or nearest(key, ("match", "concurrency"))
            place = '(settings of one route stand under "route")'
            raise SettingsError(f'{where}: unknown key "routes.{key}"{hint} {place}')
    match, concurrency = table.get("match", "all"), table.get("concurrency", 1)
    if not isinstance(match, str | list):
        raise SettingsError(f'{where}: "routes.match" must be {kinds(str, list)}, not {kinds(type(match))}')
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or not 1 <= concurrency <= MOST_AT_ONCE:
        raise SettingsError(f'{where}: "routes.concurrency" must be a whole number from 1 to {MOST_AT_ONCE}')
    return {"routes": tuple(match) if isinstance(match, list) else match, "routes_concurrency": concurrency}


def _checked(settings: Settings, where: str) -> Settings:
    for name in ("headers", "cookies", "env"):
        for key, value in getattr(settings, name).items():
            if not isinstance(value, str):
                raise SettingsError(f"{where}: {name}.{key} must be a string, not {kinds(type(value))}")
    if settings.scheme not in ("", "http", "https"):
        raise SettingsError(f'{where}: "scheme" must be "http" or "https", not "{settings.scheme}"')
    if settings.probe not in ("behind", "inside"):
        raise SettingsError(f'{where}: "probe" must be "behind" or "inside", not "{settings.probe}"')
    if settings.profile not in PROFILES:
        hint = nearest(settings.profile, PROFILES)
        raise SettingsError(f'{where}: "profile" must be one of {", ".join(PROFILES)}{hint}')
    if settings.strict not in ("", "warn", "known"):
        raise SettingsError(f'{where}: "strict" must be true, false, "warn" or "known"')
    for aspect in settings.may:
        if aspect not in MIDDLEWARE_ASPECTS:
            known = ", ".join(MIDDLEWARE_ASPECTS)
            raise SettingsError(f'{where}: middleware.may: unknown aspect "{aspect}" (one of {known})')
    for key in settings.middleware:
        if key != "may":
            raise SettingsError(f'{where}: unknown key "middleware.{key}"; did you mean "middleware.may"?')
    for key, value in settings.uvicorn.items():
        if key not in UVICORN:
            raise SettingsError(f'{where}: unknown key "uvicorn.{key}"{nearest(key, UVICORN)}')
        if value not in UVICORN[key]:
            raise SettingsError(f'{where}: uvicorn.{key} must be one of {", ".join(UVICORN[key])}')
    if settings.probe_prefix and not settings.probe_prefix.startswith("/"):
        raise SettingsError(f'{where}: "probe-prefix" must begin with "/"')
    if isinstance(settings.routes, str) and settings.routes not in ("all", "none"):
        raise SettingsError(f'{where}: "routes" must be "all", "none" or a list of patterns')
    for pattern in settings.cases:
        if not isinstance(pattern, str) or not pattern:
            raise SettingsError(f'{where}: "cases" must be a list of patterns of files, such as "conformance/*.py"')
    if settings.deadline <= 0:
        raise SettingsError(f'{where}: "deadline" must be more than 0 seconds')
    return settings
