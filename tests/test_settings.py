"""The settings file and the options over it: what is right is taken, what is wrong is one line that helps."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance.options import Options, read
from asgi_conformance.plugin import OPTIONS
from asgi_conformance.settings import Settings, SettingsError, load, parse

GIVEN: dict[str, Any] = {
    name.lstrip("-").replace("-", "_"): how.get("default", False if how.get("action") == "store_true" else None)
    for name, how in OPTIONS.items()
} | {"target": "app:app"}


def options(folder: Path, settings: Settings | None = None, **given: Any) -> Options:
    return read({**GIVEN, **given}, folder, settings or Settings())


def test_every_key_is_read() -> None:
    settings = parse(
        {
            "headers": {"X-Key": "value"},
            "origin": "https://example.org",
            "query": "a=1",
            "cookies": {"session": "secret"},
            "probe-prefix": "/ws",
            "routes": ["/chat*"],
            "middleware": {"may": ["close-code"]},
            "deadline": 2,
            "strict": True,
            "profile": "server",
        }
    )
    assert settings.request_headers == [
        ("X-Key", "value"),
        ("Origin", "https://example.org"),
        ("Cookie", "session=secret"),
    ]
    assert (settings.probe_prefix, settings.routes, settings.may) == ("/ws", ("/chat*",), ("close-code",))
    assert (settings.deadline, settings.strict, settings.profile) == (2, "warn", "server")
    assert settings.secrets == ["value", "secret"]


def test_how_many_routes_are_visited_at_once_stands_beside_which() -> None:
    assert parse({}).routes_concurrency == 1
    both = parse({"routes": {"match": ["/chat*"], "concurrency": 4}})
    assert (both.routes, both.routes_concurrency) == (("/chat*",), 4)
    dotted = parse(tomllib.loads("routes.concurrency = 2"))
    assert (dotted.routes, dotted.routes_concurrency) == ("all", 2)


def test_a_credential_in_the_environment_is_a_secret_and_an_ordinary_value_is_none() -> None:
    given = parse({"env": {"API_KEY": "abcdef", "DATABASE_URL": "postgres://u:p@h/d", "DEBUG": "true", "TZ": "Europe"}})
    assert given.secrets == ["abcdef", "postgres://u:p@h/d"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"hedders": {}}, 'unknown key "hedders"; did you mean "headers"?'),
    ({"probe_prefix": "/x"}, 'unknown key "probe_prefix"; did you mean "probe-prefix"?'),
    ({"headers": []}, '"headers" must be a table, not a list'),
    ({"headers": {"a": 1}}, "headers.a must be a string, not a number"),
    ({"profile": "ap"}, '"profile" must be one of app, framework, server, all; did you mean "app"?'),
    ({"probe": "beside"}, '"probe" must be "behind" or "inside", not "beside"'),
    ({"strict": "all"}, '"strict" must be true, false, "warn" or "known"'),
    ({"middleware": {"may": ["all"]}}, 'unknown aspect "all"'),
    ({"middleware": {"mat": []}}, 'did you mean "middleware.may"?'),
    ({"probe-prefix": "ws"}, '"probe-prefix" must begin with "/"'),
    ({"routes": "some"}, '"routes" must be'),
    ({"routes": {"match": "some"}}, '"routes" must be'),
    ({"routes": {"match": 1}}, '"routes.match" must be a string or a list, not a number'),
    ({"uvicorn": {"lop": "uvloop"}}, 'unknown key "uvicorn.lop"; did you mean "loop"?'),
    ({"uvicorn": {"loop": "trio"}}, "uvicorn.loop must be one of auto, asyncio, uvloop"),
    ({"routes": {"concurency": 2}}, 'unknown key "routes.concurency"; did you mean "routes.concurrency"?'),
    ({"routes": {"/chat": {}}}, '(settings of one route stand under "route")'),
    ({"routes": {"concurrency": 0}}, '"routes.concurrency" must be a whole number from 1 to 24'),
    ({"routes": {"concurrency": True}}, '"routes.concurrency" must be a whole number from 1 to 24'),
    ({"routes-concurrency": 2}, 'unknown key "routes-concurrency"; did you mean "routes"?'),
    ({"routes_concurrency": 2}, 'unknown key "routes_concurrency"'),
    ({"deadline": 0}, '"deadline" must be more than 0 seconds'),
]


@pytest.mark.parametrize(("table", "line"), WRONG, ids=[f"{n}-{next(iter(t))}" for n, (t, _) in enumerate(WRONG)])
def test_what_is_wrong_is_one_line(table: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(table)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_nearest_file_with_settings_counts(tmp_path: Path) -> None:
    below = tmp_path / "services" / "chat"
    below.mkdir(parents=True)
    assert load(below, tmp_path) == Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.asgi-conformance]\ndeadline = 7\n")
    assert load(below, tmp_path).deadline == 7
    (below / "pyproject.toml").write_text("[project]\nname = 'chat'\n")
    assert load(below, tmp_path).deadline == 7
    (below / "pyproject.toml").write_text("[tool.asgi-conformance]\ndeadline = 3\n")
    assert load(below, tmp_path).deadline == 3
    assert load(tmp_path / "elsewhere", tmp_path).deadline == 7


def test_a_file_that_is_no_toml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool")
    with pytest.raises(SettingsError, match=r"pyproject\.toml: "):
        load(tmp_path)


def test_an_option_is_stronger_than_the_file(tmp_path: Path) -> None:
    settings = Settings(deadline=7, strict="warn", profile="server")
    assert options(tmp_path, settings).settings == settings
    read_over = options(
        tmp_path, settings, conformance_deadline="0.5", conformance_strict="known", conformance_profile="all"
    )
    assert (read_over.settings.deadline, read_over.strict, read_over.profile) == (0.5, "known", "all")


def test_options_are_resolved_from_the_folder_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    found = options(
        tmp_path, app_dir="src", report=["out/r.json"], server=["uvicorn:wsproto"], repeat="3", factory=True
    )
    assert (found.app_dir, found.reports) == (str(tmp_path / "src"), (tmp_path / "out" / "r.json",))
    assert (found.server, found.ws, found.repeat) == ("uvicorn", "wsproto", 3)
    assert found.launch == ("--target=app:app", "--app-dir=src", "--factory", "--server=uvicorn:wsproto")


@pytest.mark.parametrize("target", ["app", ":app", "app:", ""])
def test_a_target_has_a_module_and_an_attribute(tmp_path: Path, target: str) -> None:
    with pytest.raises(SettingsError, match='must be written "module:attribute"'):
        options(tmp_path, target=target)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_deadline_is_a_number_of_seconds(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="--conformance-deadline must be a number of seconds above 0"):
        options(tmp_path, conformance_deadline=value)
