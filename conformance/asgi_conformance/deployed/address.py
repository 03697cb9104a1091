"""The URL of ``--url``: what of it may be shown, and how a client connects to it."""

from __future__ import annotations

import base64
import re
import ssl
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, unquote, urlsplit

from .. import __version__
from ..harness.endpoint import Address, Remote
from ..settings import Settings, SettingsError

PORTS = {"ws": 80, "wss": 443}
# Whoever reads the access log of an endpoint is told what that was.
AGENT = f"asgi-conformance/{__version__}"


@dataclass(frozen=True, slots=True)
class Url:
    """A URL, taken apart. ``shown`` is all that a report may say of it: no userinfo, no query."""

    shown: str
    tls: bool
    host: str
    port: int
    authority: str
    path: str
    query: str = ""
    userinfo: str = ""

    def masked(self, text: str) -> str:
        """A word of a command line that may hold the URL, with no more of it than may be shown."""
        return re.sub(r"wss?://\S+", self.shown, text)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report and no line on the console may hold."""
        return tuple(filter(None, (self.query, self.userinfo, *self.userinfo.split(":", 1))))


def parsed(text: str) -> Url:
    """The URL that was given. Raises `SettingsError`, which does not repeat what may be a credential in it."""
    if not re.fullmatch(r"[!-~]+", text):
        raise SettingsError("--url: must be ASCII without spaces; write other characters percent-encoded")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise SettingsError(f"--url: not a URL ({exc})") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise SettingsError("--url must be written ws://host[:port]/path or wss://host[:port]/path")
    if parts.fragment:
        raise SettingsError("--url: a WebSocket's URL has no fragment (#…)")
    return _url(parts, PORTS[parts.scheme] if port is None else port)


def _url(parts: SplitResult, port: int) -> Url:
    host = str(parts.hostname)
    named = f"[{host}]" if ":" in host else host
    authority = named if port == PORTS[parts.scheme] else f"{named}:{port}"
    path = parts.path or "/"
    userinfo = unquote(parts.netloc.rpartition("@")[0])
    shown = f"{parts.scheme}://{authority}{path}"
    return Url(shown, parts.scheme == "wss", host, port, authority, path, parts.query, userinfo)


def reaching(url: Url, settings: Settings) -> Settings:
    """The settings with what the URL itself says: its query, and its userinfo as a header, both kept secret."""
    query = "&".join(filter(None, (url.query, settings.query)))
    headers = dict(settings.headers)
    if url.userinfo and not any(name.lower() == "authorization" for name in headers):
        headers["Authorization"] = "Basic " + base64.b64encode(url.userinfo.encode()).decode("ascii")
    return replace(settings, query=query, headers=headers)


def address(url: Url, settings: Settings) -> Address:
    """Where the lane connects, with the headers, cookies, origin and subprotocols of the settings."""
    context = None
    if url.tls:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
    path = url.path + (f"?{settings.query}" if settings.query else "")
    named = {name.lower() for name, _ in settings.request_headers}
    own = [pair for pair in (("Host", url.authority), ("User-Agent", AGENT)) if pair[0].lower() not in named]
    headers = [*own, *settings.request_headers]
    return Address(Remote(url.port, url.host, tls=context), path, headers=headers, subprotocols=settings.subprotocols)
