"""What the command line asks for: read, checked and merged with the settings before anything is started."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .settings import PROFILES, Settings, SettingsError, nearest

if TYPE_CHECKING:
    from .baseline import Baseline
    from .deployed.address import Url

# Each with its WebSocket implementations by the names of --server.
SERVERS: Mapping[str, tuple[str, ...]] = {
    "uvicorn": ("websockets-sansio", "websockets", "wsproto"),
    "hypercorn": ("wsproto",),
    "daphne": ("autobahn",),
    "granian": ("tungstenite",),
    # Starlette's TestClient in the place of a server: what an application's own unit tests tell it.
    "testclient": (),
}
# What serves neither TLS nor a Unix socket here, and why.
_PLAIN: Mapping[str, str] = {
    "daphne": "daphne has it only where it binds the socket itself, and here it is given one",
    "testclient": "TestClient has no connection",
}
STRICT = ("warn", "known")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one session, checked; ``settings`` already holds what an option overrides.

    ``servers`` are name and WebSocket implementation of each that was asked for; ``server`` and ``ws`` are the first.
    ``strict`` is '', ``warn`` (warnings fail) or ``known`` (known deviations fail too). ``folder`` is where pytest was
    called: relative paths start there. ``launch`` are the options that launch the same again, as they were written.
    ``fuzz`` is how many random scripts are to run, and the seed, None for none. ``tls`` and ``unix``: the servers serve
    TLS, and on Unix sockets. ``url`` is the endpoint that is judged instead of a target; ``target`` is its name then.
    """

    target: str
    folder: Path
    settings: Settings
    app_dir: str
    factory: bool = False
    python: str = ""
    server: str = "uvicorn"
    ws: str = "auto"
    servers: tuple[tuple[str, str], ...] = ()
    cases: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    reports: tuple[Path, ...] = ()
    repeat: int = 1
    launch: tuple[str, ...] = ()
    baseline: Baseline | None = None
    update_baseline: bool = False
    fuzz: tuple[int, int] | None = None
    exhaustive: bool = False
    tls: bool = False
    unix: bool = False
    url: Url | None = None

    @property
    def strict(self) -> str:
        """Which verdicts fail beside ``fail``."""
        return self.settings.strict

    @property
    def secrets(self) -> list[str]:
        """Every value that no report and no line on the console may hold."""
        return [*self.settings.secrets, *(self.url.secrets if self.url is not None else ())]

    @property
    def profile(self) -> str:
        """Whose cases run, and in which order."""
        return self.settings.profile


def read(given: Mapping[str, Any], folder: Path, settings: Settings) -> Options:
    """Check what pytest parsed (names as of the options, with ``_``). Raises `SettingsError`."""
    url = None
    if given["url"] is not None:
        url, settings = _url(given, settings)
    target = given["target"] if url is None else url.shown
    if url is None and not all(target.partition(":")[::2]):
        raise SettingsError(f'--target must be written "module:attribute", not "{target}"')
    changes: dict[str, Any] = {}
    if given["conformance_strict"] is not None:
        changes["strict"] = _strict(given["conformance_strict"])
    if given["conformance_profile"] is not None:
        changes["profile"] = _one_of("--conformance-profile", given["conformance_profile"], PROFILES)
    if given["conformance_deadline"] is not None:
        changes["deadline"] = _seconds("--conformance-deadline", given["conformance_deadline"])
    app_dir = Path(folder, given["app_dir"])
    if not app_dir.is_dir():
        raise SettingsError(f"--app-dir={given['app_dir']}: there is no such folder")
    servers = _servers(given["server"])
    server, ws = servers[0]
    _beneath(given, [name for name, _ in servers])
    return Options(
        target=target,
        folder=folder,
        settings=replace(settings, **changes),
        app_dir=str(app_dir),
        factory=bool(given["factory"]),
        python=given["python"],
        server=server,
        ws=ws,
        servers=servers,
        cases=tuple(given["case"]),
        routes=tuple(given["route"]),
        reports=tuple(_report(Path(folder, name)) for name in given["report"]),
        repeat=_count("--repeat", given["repeat"]),
        launch=_launch(given) if url is None else (f"--url={url.shown}",),
        # The file that the settings name is about a target: of an endpoint nothing stands in it.
        baseline=_baseline(given, folder, settings if url is None else replace(settings, baseline="")),
        update_baseline=bool(given["update_baseline"]),
        fuzz=_fuzz(given["fuzz"]),
        exhaustive=bool(given["exhaustive"]),
        tls=bool(given["tls"]),
        unix=bool(given["unix"]),
        url=url,
    )


# What launches a target, or speaks of what is inside of one.
_LAUNCHING = ("target", "app_dir", "factory", "python", "server", "tls", "unix")
_WITHIN = ("route", "exhaustive", "fuzz", "conformance_profile")


def _url(given: Mapping[str, Any], settings: Settings) -> tuple[Url, Settings]:
    """The endpoint to judge, and the settings with what its URL says."""
    other = next((name.replace("_", "-") for name in (*_LAUNCHING, *_WITHIN) if given[name]), "")
    if other:
        raise SettingsError(f"--url judges an endpoint that already runs: leave --{other} out")
    from .deployed.address import parsed, reaching

    url = parsed(given["url"])
    return url, reaching(url, settings)


def _baseline(given: Mapping[str, Any], folder: Path, settings: Settings) -> Baseline | None:
    name, new = given["baseline"], bool(given["update_baseline"])
    name = settings.baseline if name is None else name
    if not name and new:
        raise SettingsError("--update-baseline: write which file, such as --baseline=conformance-baseline.toml")
    if not name:
        return None
    from .baseline import load

    return load(name, folder, tuple(SERVERS), new)


def _launch(given: Mapping[str, Any]) -> tuple[str, ...]:
    words = [f"--target={given['target']}"]
    words += [f"--{name.replace('_', '-')}={given[name]}" for name in ("app_dir", "python") if given[name]]
    words += [f"--{name}" for name in ("factory", "tls", "unix") if given[name]]
    return (*words, *(f"--server={name}" for name in given["server"]))


def _strict(value: str) -> str:
    if value not in STRICT:
        hint = " (before a path, write --conformance-strict=warn)" if not nearest(value, STRICT) else ""
        raise SettingsError(f'--conformance-strict: unknown value "{value}"; use warn or known{hint}')
    return value


def _one_of(option: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise SettingsError(f'{option}: unknown value "{value}"; use one of {", ".join(known)}')
    return value


def _seconds(option: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise SettingsError(f'{option} must be a number of seconds above 0, not "{value}"')
    return seconds


def _count(option: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= 10_000):
        raise SettingsError(f'{option} must be a whole number from 1 to 10000, not "{value}"')
    return int(value)


def _fuzz(given: str | None) -> tuple[int, int] | None:
    """How many random scripts, and the seed: one of chance where none is given."""
    if given is None:
        return None
    count, colon, seed = given.partition(":")
    if not _is_whole(count, _MOST_SCRIPTS) or count.strip("0") == "" or (colon and not _is_whole(seed, _MOST_SEED)):
        raise SettingsError(f'--fuzz must be written "N" or "N:SEED", both whole numbers, not "{given}"')
    if find_spec("hypothesis") is None:
        raise SettingsError("--fuzz needs Hypothesis: pip install 'asgi-conformance[fuzz]'")
    return int(count), int(seed) if colon else secrets.randbelow(_MOST_SEED)


_MOST_SCRIPTS, _MOST_SEED = 10_000_000, 2**32


def _is_whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= most


def _servers(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    servers = tuple(_server(one) for one in given or ["uvicorn"])
    twice = next((one for one, server in zip(given, servers, strict=False) if servers.count(server) > 1), "")
    if twice:
        raise SettingsError(f"--server={twice} was given twice")
    return servers


def _server(given: str) -> tuple[str, str]:
    name, _, ws = given.partition(":")
    if name not in SERVERS:
        hint = nearest(name, SERVERS)
        raise SettingsError(f'--server: unknown server "{name}"; use one of {", ".join(SERVERS)}{hint}')
    if ws and ws not in SERVERS[name]:
        known = ", ".join(SERVERS[name])
        raise SettingsError(f'--server: unknown WebSocket implementation "{ws}" of {name}; use one of {known}')
    return name, ws or "auto"


def _beneath(given: Mapping[str, Any], servers: Sequence[str]) -> None:
    """Whether each server can be had with what is to lie below HTTP."""
    for option in (name for name in ("tls", "unix") if given[name]):
        plain = next((name for name in servers if name in _PLAIN), None)
        if plain is not None:
            others = ", ".join(name for name in SERVERS if name not in _PLAIN)
            raise SettingsError(f"--{option}: {_PLAIN[plain]}; use one of {others}")
    if given["tls"] and given["exhaustive"]:
        raise SettingsError("--exhaustive: its connections are plain; leave --tls out")
    if given["tls"] and find_spec("trustme") is None:
        raise SettingsError("--tls needs trustme, which makes the certificate: pip install 'asgi-conformance[tls]'")


def _report(path: Path) -> Path:
    from .report.files import SUFFIXES

    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"--report={path.name}: unknown format; use one of {', '.join(SUFFIXES)}")
    if path.is_dir():
        raise SettingsError(f"--report={path.name}: this is a folder, not a file")
    return path
