"""The first connection of a run: does a probe case reach the probe? If not: who answered, and what lets it pass."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Case, Component, Layer, Observation, Trace
from .script import App, CaseFunction, Client
from .settings import Settings

TABLE = "[tool.asgi-conformance]"
INSIDE = 'probe = "inside"'
UNKNOWN = (
    "The target uses no framework that is known (Starlette, FastAPI, Litestar, Quart, Django Channels, Falcon, "
    "BlackSheep, Sanic), so a probe of plain ASGI stands in for it: its server is judged, and the target itself only "
    "in its own routes, which nothing shows. Name each of them in pyproject.toml:\n"
    '    [tool.asgi-conformance.route."/path"]'
)
# Where nobody answers the handshake, so many cases tell who is at fault; each further one would wait for it as well.
WITNESSES = ("handshake.accept", "handshake.subprotocol[none-offered]")
NO_CASE = f"no probe case is judged but {' and '.join(WITNESSES)}"
ROUTE = '[tool.asgi-conformance.route."/path"]'


@functools.cache
def preflight_case() -> Case:
    """One ordinary connection to the probe."""

    def preflight(client: Client, app: App) -> None:
        """The probe answers."""
        client.opens()
        app.accepts()
        client.closes(1000)
        app.is_disconnected(1000)

    return next(iter(CaseFunction("preflight", preflight, (), None, "probe", frozenset(), None).cases()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back instead of the probe's answer.

    ``who`` is the record of the innermost callable that was entered, ``refusal`` what the framework raised, if it did.
    ``is_target``: nothing below the target itself was entered.
    """

    status: int | None
    headers: Mapping[str, str]
    who: Mapping[str, Any]
    refusal: Mapping[str, Any] | None
    raised: Mapping[str, Any] | None
    waited: float | None
    is_target: bool = False

    @property
    def name(self) -> str:
        """The last part of the name of who answered, in lower case."""
        return str(self.who.get("name", "")).rpartition(" + ")[2].rpartition(".")[2].lower()

    @property
    def allowed(self) -> Mapping[str, Sequence[str]]:
        """The settings of who answered that say what it lets pass, such as ``allowed_hosts``."""
        return self.who.get("settings") or {}


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way through: for which answers it is, and the lines of the settings."""

    fits: Callable[[Answer], bool]
    lines: Callable[[Answer], list[str]]


def middleware_of(trace: Trace) -> tuple[Component, ...]:
    """The target's middleware that the preflight's connection went through, the outermost first."""
    boundaries = {o.boundary: o.data.get("component") or {} for o in trace.observations if o.kind == "enter"}
    return tuple(
        Component(c["name"], Layer.MIDDLEWARE, c.get("file", ""), c.get("line", 0))
        for c in boundaries.values()
        if c.get("layer") == "middleware"
    )


def reached(trace: Trace) -> bool:
    """Whether the probe was called and the handshake answered: what ends after a deadline does because we gave up."""
    return bool(trace.at("app", "op")) and not silent(trace)


def silent(trace: Trace) -> bool:
    """Whether nobody answered the handshake within its deadline."""
    return bool(trace.at("client", "deadline")) and not trace.at("wire", "response")


def refusal(trace: Trace, framework: Mapping[str, str], settings: Settings) -> str:
    """Why no probe case can be judged and what to write into the settings; '' where the probe was reached."""
    if reached(trace):
        return ""
    if not framework:
        # The profiles of servers and frameworks visit no routes, so none of them is missed.
        visits = settings.profile in ("app", "all") and settings.routes == "all"
        return UNKNOWN if visits and not settings.route else ""
    answer = answer_of(trace)
    if silent(trace) and _called(trace):
        return f"{_held_up(trace, framework)} within {answer.waited:g} s: {NO_CASE}."
    no_case = NO_CASE if silent(trace) else "no probe case is judged"
    text = f"The probe was not reached, so {no_case}: {_told(answer)}."
    if answer.raised is not None or answer.status == 500:
        return f"{text} See the target's own output."
    if settings.probe == "inside":
        return f"{text} The settings say {INSIDE}, but the target's objects do not show the way to its application."
    if answer.status == 101 and answer.is_target:
        # An application of its own, with none below it that the probe could be put into.
        return f"{text} Name each of its WebSocket routes in pyproject.toml:\n    {ROUTE}"
    lines = advice(answer)
    other = "" if lines == [INSIDE] else f"\nor, which leaves the middleware out:\n    {INSIDE}"
    return "\n    ".join([f"{text} Add to pyproject.toml:", TABLE, *lines]) + other


def _called(trace: Trace) -> bool:
    """Whether a silence lies at accept() or above it: the probe was called, and waits for nothing from below."""
    waiting = trace.at("client", "deadline")[0].data.get("app") or {}
    asked = "inner.receive" in (waiting.get("waiting") or {})
    return bool(trace.at("inner", "receive")) or (bool(trace.at("framework", "state")) and not asked)


def _held_up(trace: Trace, framework: Mapping[str, str]) -> str:
    """Who was given what last, and let nobody have it."""
    handed = {o.boundary for o in trace.observations if o.kind == "send"}
    entered = [o for o in trace.observations if o.kind == "enter" and o.boundary in handed and o.data.get("component")]
    if entered and "outer" not in handed:
        who = entered[0].data["component"]
        return f"The probe was called and accepted, but {_placed(who)} did not pass the accept on"
    name = " ".join(filter(None, (framework.get("name"), framework.get("version"))))
    given = f" and {name} was given the connect event" if trace.at("inner", "receive") else ""
    return f"The probe was called{given}, but accept() {'' if given else f'of {name} '}did not end"


def answer_of(trace: Trace) -> Answer:
    """Who answered the handshake, and what."""
    entered = [o for o in trace.observations if o.kind == "enter" and o.data.get("below")]
    response = next(iter(trace.at("wire", "response")), None)
    refused = trace.at("framework", "refused")
    ends = trace.at("outer", "exit")
    missed = next(iter(trace.at("client", "deadline")), None)
    # Where nobody answered, whoever was given the connect event and did not hand it on holds the connection up.
    given = {o.boundary for o in trace.observations if o.kind == "receive"} if missed is not None else set()
    holding = [o for o in entered if o.boundary in given]
    return Answer(
        status=response.data["status"] if response is not None else None,
        headers={name.lower(): value for name, value in response.data["headers"]} if response is not None else {},
        who=_innermost(holding or entered),
        refusal=refused[-1].data if refused else None,
        raised=ends[-1].data.get("exc") if ends else None,
        waited=missed.data["seconds"] if missed is not None else None,
        is_target=all(o.boundary == "outer" for o in entered),
    )


def _innermost(entered: Sequence[Observation]) -> Mapping[str, Any]:
    depth = [-1 if o.boundary == "outer" else int(o.boundary.partition(":")[2]) for o in entered]
    return entered[depth.index(max(depth))].data["below"] if entered else {}


def _told(answer: Answer) -> str:
    """Who answered what, in one clause."""
    who = _placed(answer.who)
    if answer.refusal is not None and answer.status != 101:
        return f"{who} answered {_status(answer)}, because {_reason(answer.refusal)}"
    if answer.raised is not None:
        exc = answer.raised
        return f"{who} raised {exc['type'].removeprefix('builtins.')}: {exc['message']} (at {exc.get('at', '?')})"
    if answer.status == 101:
        return f"{who} accepted the connection itself"
    if answer.status is None and answer.waited is not None:
        return f"{who} did not answer within {answer.waited:g} s"
    return f"{who} answered {_status(answer)}"


def _placed(who: Mapping[str, Any]) -> str:
    name = str(who.get("name") or "the target")
    return f"{name} ({who['file']}:{who['line']})" if who.get("file") else name


def _status(answer: Answer) -> str:
    if answer.status is None:
        return "nothing and ended the connection"
    location = answer.headers.get("location", "")
    return f"HTTP {answer.status}" + (f" (to {location})" if location else "")


def _reason(refusal: Mapping[str, Any]) -> str:
    missing = refusal.get("missing")
    if missing:
        wanted = [f"the {kind} parameter {name!r}" for kind, name in _parameters(missing)]
        return "a dependency demands " + ", ".join(wanted)
    kind = str(refusal["exc"]["type"]).rpartition(".")[2]
    said = refusal.get("detail") or refusal.get("reason") or refusal["exc"]["message"]
    return f"{kind} was raised at {refusal['at']}" + (f" ({said})" if said else "")


def _parameters(missing: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((place[0], place[-1]) for place in missing if len(place) > 1))


def advice(answer: Answer) -> list[str]:
    """The lines of the settings that let the probe pass what answered."""
    return next((remedy.lines(answer) for remedy in REMEDIES if remedy.fits(answer)), [INSIDE])


def _named(*words: str) -> Callable[[Answer], bool]:
    return lambda answer: any(word in answer.name for word in words)


def _demanded(answer: Answer) -> list[str]:
    """A line for each place in which a FastAPI dependency looks for a parameter."""
    assert answer.refusal is not None
    by_kind: dict[str, list[str]] = {}
    for kind, name in _parameters(answer.refusal["missing"]):
        by_kind.setdefault(kind, []).append(name)
    lines = []
    if "query" in by_kind:
        lines.append('query = "' + "&".join(f"{name}=VALUE" for name in by_kind["query"]) + '"')
    for kind, key in (("header", "headers"), ("cookie", "cookies")):
        if kind in by_kind:
            lines.append(f"{key} = {{ " + ", ".join(f'"{name}" = "VALUE"' for name in by_kind[kind]) + " }")
    return lines or [INSIDE]


def _host(answer: Answer) -> list[str]:
    hosts = [host for host in answer.allowed.get("allowed_hosts", ()) if host != "*"]
    host = min(hosts, key=lambda name: (name.startswith("*"), hosts.index(name)), default="HOST")
    return [f'headers = {{ Host = "{host.replace("*.", "www.")}" }}']


def _secure(answer: Answer) -> list[str]:
    return ['scheme = "https"']


def _origin(answer: Answer) -> list[str]:
    allowed = [*answer.allowed.get("allowed_origins", ()), *answer.allowed.get("allow_origins", ())]
    return [f'origin = "{next((name for name in allowed if name != "*"), "https://HOST")}"']


def _credentials(answer: Answer) -> list[str]:
    scheme = answer.headers.get("www-authenticate", "").split(" ")[0] or "Bearer"
    return [f'headers = {{ Authorization = "{scheme} VALUE" }}']


# The first that fits counts.
REMEDIES: Sequence[Remedy] = (
    Remedy(lambda answer: bool(answer.refusal and answer.refusal.get("missing")), _demanded),
    Remedy(_named("trustedhost", "allowedhost", "hostheader"), _host),
    Remedy(_named("httpsredirect", "forcehttps", "sslredirect"), _secure),
    Remedy(lambda answer: answer.headers.get("location", "").startswith(("https:", "wss:")), _secure),
    Remedy(_named("ratelimit", "limiter", "throttl"), lambda answer: [INSIDE]),
    Remedy(lambda answer: answer.status == 429, lambda answer: [INSIDE]),
    Remedy(_named("origin", "csrf", "xsrf"), _origin),
    Remedy(lambda answer: answer.status == 401, _credentials),
    Remedy(_named("auth", "token", "jwt", "bearer", "apikey"), _credentials),
    Remedy(_named("session", "login"), lambda answer: ['cookies = { "session" = "VALUE" }']),
)
