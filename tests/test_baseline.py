"""The user's baseline: what an entry covers, what is stale, what an update writes, and what is wrong is one line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance.baseline import Account, Baseline, Entry, Seen, load, parse, products, update
from asgi_conformance.baseline.entries import MARK
from asgi_conformance.model import Attempt, Case, Finding, Layer, Level, Result, ServerInfo, Trace, Verdict
from asgi_conformance.report import redact
from asgi_conformance.settings import SettingsError
from asgi_conformance.settings import parse as settings

pytest_plugins = ["pytester"]

CODE = "asgi.disconnect.code"
IDS = ("close.client.code[4000-bye]", "close.client.code[4001-bye]", "close.client.none", "handshake.accept")
UVICORN = ServerInfo("uvicorn", "uvicorn", "0.54.0", "websockets-sansio")
WSPROTO = ServerInfo("uvicorn-wsproto", "uvicorn", "0.54.0", "wsproto")
BASIC = {"case": IDS[1], "requirement": CODE, "observed": "code=1000", "reason": "for now"}


def toml(**values: Any) -> str:
    """One entry as text: `BASIC` with some values changed, None takes a key away."""
    given = {key: value for key, value in {**BASIC, **values}.items() if value is not None}
    lines = [f"{key} = {value if isinstance(value, date) else _quoted(value)}" for key, value in given.items()]
    return "[[accept]]\n" + "\n".join(lines) + "\n"


def _quoted(value: Any) -> str:
    return str(value) if isinstance(value, list) else f'"{value}"' if isinstance(value, str) else str(value).lower()


def entry(**values: Any) -> Entry:
    return parse(toml(**values), "b.toml")[0]


def baseline(text: str) -> Baseline:
    return Baseline(Path("b.toml"), "b.toml", text, parse(text, "b.toml"))


def result(case: str, *observed: str, verdict: Verdict = Verdict.FAIL, server: str = "uvicorn", by: str = "") -> Result:
    """A case in which so much was observed wrongly; with nothing wrong it passed."""
    id, _, row = case.rstrip("]").partition("[")
    findings = tuple(
        Finding(CODE, Level.MUST, Layer.SERVER, verdict, Layer.MIDDLEWARE, "inner", "code=4001", text, deviation=by)
        for text in observed
    )
    came = verdict if observed else Verdict.PASS
    script = Case(id, "", "close", (CODE,), row=row)
    return Result(script, f"conformance::{case}", server, came, None, (Attempt(came, findings, Trace(()), 1),))


def seen(*results: Result, servers: tuple[ServerInfo, ...] = (UVICORN,), **values: Any) -> Seen:
    return Seen(IDS, results, servers, {"name": "fastapi", "version": "0.115.0", "starlette": "0.46.1"}, **values)


# What an entry covers


@pytest.mark.parametrize(
    ("values", "covers"),
    [
        ({}, True),
        ({"observed": "code=1001"}, False),
        ({"observed": "code=100*"}, True),
        ({"observed": "code=100?"}, False),
        ({"requirement": "asgi.disconnect.reason"}, False),
        ({"case": "close.client.code"}, True),
        ({"case": "close.client.code[4001-*"}, True),
        ({"case": "close.client.code[400?-bye]"}, True),
        ({"case": "close.client.code[4000-*"}, False),
        ({"case": ["handshake.accept", "close.client.code[4001-bye]"]}, True),
        ({"case": "close.client.cod"}, False),
        ({"layer": "middleware"}, True),
        ({"layer": "server"}, False),
    ],
)
def test_an_entry_covers_just_what_it_names(values: dict[str, Any], covers: bool) -> None:
    assert entry(**values).accepts(CODE, "code=1000", Layer.MIDDLEWARE, IDS[1]) is covers


def test_only_a_star_is_wild_in_what_was_observed() -> None:
    text = "raised ValueError: [1] (a|b)? x\ny"
    assert entry(observed="raised ValueError: [1] (a|b)? *").accepts(CODE, text, Layer.SERVER, IDS[1])
    assert not entry(observed="raised ValueError: [2] *").accepts(CODE, text, Layer.SERVER, IDS[1])


def test_what_a_report_shows_as_redacted_may_be_copied() -> None:
    assert MARK == redact.MARK
    assert entry(observed=f"token={MARK} at *").accepts(CODE, "token=abc at x.py:3", Layer.SERVER, IDS[1])


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"server": "uvicorn"}, True),
        ({"server": "uvicorn-wsproto"}, True),
        ({"server": "uvicorn:wsproto"}, True),
        ({"server": "uvicorn-websockets"}, False),
        ({"server": "hypercorn"}, False),
        ({"server": "uvicorn", "server_version": ">=0.50,<0.55"}, True),
        ({"server": "uvicorn", "server_version": "<0.54"}, False),
        ({"framework": "starlette", "framework_version": "~=0.46.0"}, True),
        ({"framework": "fastapi", "framework_version": ">=1"}, False),
        ({"framework": "litestar"}, False),
    ],
)
def test_conditions_name_servers_frameworks_and_versions(conditions: dict[str, str], holds: bool) -> None:
    versions = products({"name": "fastapi", "version": "0.115.0", "starlette": "0.46.1", "operations": None})
    assert entry(**conditions).applies(WSPROTO, versions) is holds


def test_a_version_that_is_none_meets_no_condition() -> None:
    odd = ServerInfo("uvicorn", "uvicorn", "unknown", "wsproto")
    assert not entry(server="uvicorn", server_version=">0").applies(odd, {})


def test_an_entry_counts_up_to_its_last_day() -> None:
    whole = baseline(toml(expires=date(2026, 1, 31)))
    assert whole.expired(date(2026, 1, 31)) == ()
    assert whole.expired(date(2026, 2, 1)) == whole.entries
    assert baseline(toml(expires=date(2001, 1, 31))).standing == ()


# The file


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[[accept]\n", "b.toml: "),
        ("[[acept]]\n", 'b.toml: unknown key "acept"; each entry begins with [[accept]]'),
        ("accept = []\nversion = 1\n", 'b.toml: unknown key "version"'),
        ("accept = [{ case = 'a' }]\n", "b.toml: each entry must begin with a line [[accept]]"),
        ("accept = 3\n", "b.toml: each entry must begin with a line [[accept]]"),
        (toml(reasn="x"), 'b.toml:1: unknown key "reasn"; did you mean "reason"?'),
        ("# one\n\n" + toml(reason=None), 'b.toml:3: the entry has no "reason"'),
        (toml(reason=" "), 'b.toml:1: "reason" is empty'),
        (toml(observed=3), 'b.toml:1: "observed" must be a string, not a number'),
        (toml(case=3), 'b.toml:1: "case" must be an id, a pattern, or a list of them'),
        (toml(case=[1]), 'b.toml:1: "case" must be an id, a pattern, or a list of them'),
        (toml(case=[]), 'b.toml:1: "case" names nothing'),
        (toml(case=""), 'b.toml:1: "case" names nothing'),
        (toml(case=["a", ""]), 'b.toml:1: "case" names nothing'),
        (toml(requirement="asgi.disconnect.cod"), 'unknown requirement "asgi.disconnect.cod"; did you mean "asgi.disc'),
        (toml(expires="2027-01-31"), 'b.toml:1: "expires" must be a date without quotes, such as 2027-01-31'),
        (toml() + "expires = 2027-01-31T10:00:00Z\n", '"expires" must be a date without quotes'),
        (toml(layer="servr"), 'b.toml:1: "layer" must be one of server, middleware, framework, application'),
        (toml(occurs="never"), 'b.toml:1: "occurs" must be one of always, sometimes, not "never"'),
        (toml(server="uvcorn-wsproto"), 'unknown server "uvcorn-wsproto"; did you mean "uvicorn"?'),
        (toml(server_version=">1"), 'b.toml:1: "server_version" needs "server" beside it'),
        (toml(framework="x", framework_version="new"), '"framework_version" must be versions such as'),
        (toml(server="uvicorn", server_version=""), '"server_version" must be versions such as'),
        (toml(id="a b"), 'b.toml:1: "id" must be made of letters'),
        (toml(id="2"), 'b.toml:1: "id" must be made of letters'),
        (toml(id="a") + "\n" + toml(id="a"), 'b.toml:8: the id "a" is that of line 1'),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(text: str, line: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        parse(text, "b.toml", ("uvicorn", "hypercorn"))
    assert line in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_lines_are_those_of_the_headers_and_not_of_texts() -> None:
    text = toml(observed=None) + 'observed = """\n[[accept]]\n"""\n\n  [[ accept ]] # second\n' + toml()[11:]
    assert [found.line for found in parse(text, "b.toml")] == [1, 9]
    assert [found.line for found in parse(text.replace("\n", "\r\n"), "b.toml")] == [1, 9]
    assert [found.id for found in parse(toml() + toml(id="late"), "b.toml")] == ["baseline:1", "baseline:late"]


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    tmp_path.joinpath("latin.toml").write_bytes(b"# \xe9\n")
    tmp_path.joinpath("folder.toml").mkdir()
    for name, why in (
        ("no.toml", "there is no such file; --update-baseline writes it"),
        ("b.json", "a baseline is a .toml file"),
        ("folder.toml", "this is a folder"),
        ("latin.toml", "not UTF-8"),
        ("latin.toml/x.toml", "--baseline=latin.toml/x.toml: "),
    ):
        with pytest.raises(SettingsError, match=why):
            load(name, tmp_path, ("uvicorn",))
    assert load("no.toml", tmp_path, ("uvicorn",), new=True).entries == ()


def test_the_setting_is_a_path_from_the_file_that_holds_it(tmp_path: Path) -> None:
    from asgi_conformance.settings import load as load_settings

    tmp_path.joinpath("pyproject.toml").write_text('[tool.asgi-conformance]\nbaseline = "b.toml"\n')
    tmp_path.joinpath("below").mkdir()
    assert load_settings(tmp_path / "below", tmp_path).baseline == str(tmp_path / "b.toml")
    assert settings({}).baseline == ""


# Stale, expired, unknown


def known(case: str, server: str = "uvicorn") -> Result:
    return result(case, "code=1000", verdict=Verdict.KNOWN, by="baseline:1", server=server)


@pytest.mark.parametrize(
    ("values", "results", "stale"),
    [
        ({}, [known(IDS[1])], False),
        ({}, [result(IDS[1])], True),
        ({}, [result(IDS[1], "code=1001")], True),
        ({}, [result(IDS[0])], False),
        ({}, [], False),
        ({"occurs": "sometimes"}, [result(IDS[1])], False),
        ({}, [result(IDS[1], "x", verdict=Verdict.SKIP)], False),
        ({}, [result(IDS[1], "x", verdict=Verdict.ERROR)], False),
        ({}, [result(IDS[1], "code=1000", verdict=Verdict.KNOWN, by="uvicorn.x")], True),
        ({"case": "close.client.code*"}, [result(IDS[1])], False),
        ({"case": "close.client.code*"}, [result(IDS[0]), result(IDS[1])], True),
        ({"case": "close.client.code*"}, [result(IDS[0]), known(IDS[1])], False),
        ({"case": list(IDS[:2])}, [result(IDS[0]), known(IDS[1])], True),
        ({"case": "close.*"}, [result(IDS[0]), result(IDS[1]), result(IDS[2])], True),
        ({"case": "*"}, [result(id) for id in IDS], False),
        ({"server": "hypercorn"}, [result(IDS[1])], False),
        ({"expires": date(2001, 1, 1)}, [result(IDS[1])], False),
    ],
)
def test_an_entry_is_stale_when_all_that_it_names_was_judged_and_nothing_was_so(
    values: dict[str, Any], results: list[Result], stale: bool
) -> None:
    lines = Account(baseline(toml(**values)), seen(*results)).stale()
    assert bool(lines) is stale
    assert all(line.startswith("b.toml:1: baseline:1 is stale: asgi.disconnect.code ") for line in lines)


def test_under_several_servers_one_that_shows_it_is_enough() -> None:
    both = (UVICORN, WSPROTO)
    right, wrong = result(IDS[1]), known(IDS[1], "uvicorn-wsproto")
    assert not Account(baseline(toml()), seen(right, wrong, servers=both)).stale()
    assert not Account(baseline(toml()), seen(right, servers=both)).stale()
    assert Account(baseline(toml(server="uvicorn-websockets-sansio")), seen(right, wrong, servers=both)).stale()


def test_an_expired_entry_is_told_where_its_cases_were_run() -> None:
    over = baseline(toml(expires=date(2001, 1, 31)))
    assert Account(over, seen(result(IDS[1], "code=1000"))).expired() == [
        "b.toml:1: baseline:1 expired on 2001-01-31: for now"
    ]
    assert Account(over, seen(result(IDS[0]))).expired() == []


def test_an_entry_that_names_no_case_is_an_error_with_the_nearest() -> None:
    wrong = baseline(toml(case="close.client.code[4001-bie]"))
    with pytest.raises(SettingsError, match=r'b\.toml:1: .*4001-bie\] matches no case; did you mean "close.*4001-bye'):
        Account(wrong, seen()).check()
    Account(baseline(toml(case="close.client.code")), seen()).check()


def test_a_route_is_known_only_once_the_target_was_asked() -> None:
    gone = baseline(toml(case="route.close-1000[/old]"))
    Account(gone, seen()).check()
    Account(gone, seen(routes=["route.close-1000[/new]"])).check()
    with pytest.raises(SettingsError, match=r'did you mean "route\.close-1000\[/new\]"'):
        Account(gone, seen(routes=["route.close-1000[/new]"], all_routes=True)).check()


# What an update writes


def updated(text: str, what: Seen, clean: Callable[[str], str] = str) -> str:
    made = update(baseline(text), what, (Verdict.FAIL,), clean).baseline.text
    assert tomllib.loads(made) is not None
    return made


def test_what_fails_is_written_and_what_is_the_same_is_one_entry() -> None:
    found = [result(id, "code=1000", "sent at app.py:13") for id in reversed(IDS[:2])]
    first, second = parse(updated("", seen(*found, result(IDS[2], "x", verdict=Verdict.WARN))), "b.toml")
    assert (first.cases, first.observed, first.layer, first.server) == (IDS[:2], "code=1000", "middleware", "")
    assert second.observed == "sent at app.py:*"
    assert first.reason.startswith("TODO: ")
    assert updated("", seen(*found)) == updated("", seen(*reversed(found)))


def test_a_credential_is_not_written_and_covered_all_the_same() -> None:
    text = updated("", seen(result(IDS[1], "header x-key: hunter22")), lambda s: s.replace("hunter22", MARK))
    assert "hunter22" not in text
    assert parse(text, "b.toml")[0].accepts(CODE, "header x-key: hunter22", Layer.MIDDLEWARE, IDS[1])


def test_the_users_comments_order_and_layout_stay() -> None:
    kept = '# why we accept\n[[accept]] # the code\ncase="close.client.none" # one\n' + toml()[11:].partition("\n")[2]
    text = f"# head\n\n{kept}\n# section two\n\n# goes\n{toml()}\n# stays\n\n# last\n{toml(case=IDS[3])}# end\n"
    after = updated(text, seen(result(IDS[1]), known(IDS[2]), known(IDS[3])))
    assert after == text.replace(f"# goes\n{toml()}\n", "")
    assert updated(text, seen(known(IDS[1]), known(IDS[2]), known(IDS[3]))) == text
    more = updated(text, seen(result(IDS[0], "code=1000")))
    assert more.startswith(text + "\n[[accept]]\n")
    windows = updated(text.replace("\n", "\r\n"), seen(result(IDS[0], "code=1000")))
    assert windows == more.replace("\n", "\r\n")


def test_of_a_list_only_the_cases_that_are_stale_go() -> None:
    text = f'[[accept]]\ncase = [\n  "{IDS[0]}",\n  "{IDS[1]}", # this one\n]\n' + toml(case=None)[11:]
    after = updated(text, seen(result(IDS[0]), known(IDS[1])))
    assert parse(after, "b.toml")[0].cases == (IDS[1],)
    assert "# this one" in after


def test_an_expired_entry_goes_or_asks_for_a_new_reason() -> None:
    text = toml(expires=date(2001, 1, 31))
    (entry,) = parse(updated(text, seen(result(IDS[1], "code=1000"))), "b.toml")
    assert entry.expires is None
    assert entry.reason == "TODO: say why this is accepted (expired 2001-01-31: for now)"
    assert parse(updated(text, seen(result(IDS[1]))), "b.toml") == ()
    assert updated(text, seen(result(IDS[0]))) == text


def test_an_entry_of_no_case_goes_and_one_of_another_server_stays() -> None:
    text = toml(case="close.nowhere") + "\n" + toml(server="hypercorn")
    assert [e.server for e in parse(updated(text, seen(result(IDS[1]))), "b.toml")] == ["hypercorn"]


def test_odd_texts_survive() -> None:
    odd = "a \"q\" 'p' \\ \x00 \x7f \u2028 \udc80 [x] \n \U0001f44b"
    text = updated("", seen(result(IDS[1], odd)))
    text.encode("utf-8")
    assert parse(text, "b.toml")[0].accepts(CODE, odd, Layer.MIDDLEWARE, IDS[1])
    again = seen(result(IDS[1], odd, verdict=Verdict.KNOWN, by="baseline:1"))
    assert updated(text + "# \u2028 x\n", again) == text + "# \u2028 x\n"


def test_the_entries_that_the_documentation_shows_are_accepted() -> None:
    text = Path(__file__).parent.parent.joinpath("docs", "baselines.md").read_text("utf-8")
    shown = [block.partition("```")[0] for block in text.split("```toml\n")[1:]]
    (example,) = [block for block in shown if block.startswith("[[accept]]")]
    assert len(parse(example, "b.toml", ("uvicorn",))) == 2
    assert first_column(text) == [f.name.removesuffix("s") if f.name == "cases" else f.name for f in documented()]


def first_column(text: str) -> list[str]:
    """The keys that the tables name, in their order."""
    return [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]


def documented() -> list[Any]:
    """The keys of an entry in the order of the documentation."""
    names = ("cases", "requirement", "observed", "reason", "reference", "expires", "id", "occurs")
    names += ("layer", "server", "server_version", "framework", "framework_version")
    by_name = {f.name: f for f in fields(Entry)}
    assert set(names) == set(by_name) - {"line", "folder"}
    return [by_name[name] for name in names]
