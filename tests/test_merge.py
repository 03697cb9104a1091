"""One report out of several."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sample_report import sample

import asgi_conformance
from asgi_conformance import cli
from asgi_conformance.report import render
from asgi_conformance.report.files import load, write
from asgi_conformance.report.merge import Unmergeable, merge

SCHEMA = json.loads(Path(asgi_conformance.__file__).with_name("report").joinpath("schema.json").read_text("utf-8"))


def on_another_server(report: dict[str, Any], ws: str = "wsproto") -> dict[str, Any]:
    """The same report as of a run with another WebSocket implementation, under the same server id."""
    other = copy.deepcopy(report)
    other["servers"][0]["ws"] = ws
    return other


def shard(report: dict[str, Any], part: int, parts: int = 2) -> dict[str, Any]:
    """Every so many cases of a report."""
    piece = copy.deepcopy(report)
    piece["cases"] = piece["cases"][part::parts]
    return piece


def keyed(report: dict[str, Any]) -> dict[str, str]:
    return {case["id"]: case["verdict"] for case in report["cases"]}


def test_shards_make_the_whole() -> None:
    whole = sample()
    merged = merge([shard(whole, 0), shard(whole, 1)])
    jsonschema.validate(merged, SCHEMA)
    assert keyed(merged) == keyed(whole)
    for name in ("verdict", "total", "passed", "failed", "known", "skipped", "errors", "by_layer"):
        assert merged["summary"][name] == whole["summary"][name]
    assert [len(cause["cases"]) for cause in merged["causes"]] == [len(cause["cases"]) for cause in whole["causes"]]
    assert merged["servers"] == whole["servers"]


def test_the_worse_of_two_verdicts_stands_and_is_unstable() -> None:
    one, other = sample(), sample()
    case = next(case for case in other["cases"] if case["verdict"] == "pass")
    case["verdict"] = "fail"
    for merged in (merge([one, other]), merge([other, one])):
        found = next(found for found in merged["cases"] if found["id"] == case["id"])
        assert (found["verdict"], found["unstable"]) == ("fail", True)
        assert merged["summary"]["failed"] == one["summary"]["failed"] + 1
        assert [attempt["findings"] for attempt in found["attempts"]] == [case["findings"]] * 2
        jsonschema.validate(merged, SCHEMA)


def test_what_one_shard_skipped_was_judged_by_the_other() -> None:
    one, other = sample(), sample()
    case = next(case for case in other["cases"] if case["verdict"] == "pass" and not case["unstable"])
    case["verdict"] = "skip"
    merged = merge([other, one])
    found = next(found for found in merged["cases"] if found["id"] == case["id"])
    assert (found["verdict"], found["unstable"]) == ("pass", False)


def test_a_matrix_keeps_the_servers_apart() -> None:
    one = sample()
    merged = merge([one, on_another_server(one)])
    jsonschema.validate(merged, SCHEMA)
    names = [server["id"] for server in merged["servers"]]
    assert len(set(names)) == 2
    assert len(merged["cases"]) == 2 * len(one["cases"])
    assert {case["server"] for case in merged["cases"]} == set(names)
    for case in merged["cases"]:
        assert case["node_id"].endswith(f"@{case['server']}]")
    page = render(merged, ".html")
    assert all(f"<span>{name}</span>" in page for name in names)
    for suffix in (".md", ".svg", ".json"):
        assert render(merged, suffix)
    assert merge([merged]) == merged


def test_coverage_is_what_any_has_covered() -> None:
    one, other = sample(), sample()
    part = {"total": 4, "covered": 2}
    one["coverage"]["routes"] = {**part, "missing": ["/a", "/b"]}
    other["coverage"]["routes"] = {**part, "missing": ["/b", "/c"]}
    assert merge([one, other])["coverage"]["routes"] == {"total": 4, "covered": 3, "missing": ["/b"]}


def test_environments_that_differ_are_kept() -> None:
    one, other = sample(), sample()
    other["environment"]["python"] = "3.13.0"
    merged = merge([one, on_another_server(other)])
    jsonschema.validate(merged, SCHEMA)
    assert merged["environment"]["python"] == f"{one['environment']['python']}, 3.13.0"
    assert [each["python"] for each in merged["environment"]["each"]] == [one["environment"]["python"], "3.13.0"]


def test_a_strict_run_stays_failed() -> None:
    one = sample()
    for case in one["cases"]:
        case["verdict"] = "warn" if case["verdict"] in ("fail", "error") else case["verdict"]
    one["summary"].update(verdict="fail", failed=0, warned=1)
    assert merge([one, one])["summary"]["verdict"] == "fail"


def test_different_targets_and_frameworks_are_refused() -> None:
    other = sample()
    other["target"]["name"] = "other:app"
    with pytest.raises(Unmergeable, match="different targets"):
        merge([sample(), other])
    other = sample()
    other["target"]["framework"]["version"] = "0.1"
    with pytest.raises(Unmergeable, match="different frameworks"):
        merge([sample(), other])


def test_the_command_writes_every_format_and_checks_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(tmp_path / name) for name in ("a.json", "b.json")]
    for part, name in enumerate(names):
        write(shard(sample(), part), Path(name))
    outs = [tmp_path / f"merged{suffix}" for suffix in (".json", ".html", ".md", ".svg")]
    options = [word for out in outs for word in ("-o", str(out))]
    assert cli.main(["merge", *names, *options]) == 0
    assert capsys.readouterr().out == ""
    assert all(out.stat().st_size for out in outs)
    first = outs[0].read_bytes()
    assert cli.main(["merge", *names, *options, "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["summary"]["verdict"] == "fail"
    assert outs[0].read_bytes() == first
    assert keyed(load(outs[0])) == keyed(sample())


@pytest.mark.parametrize(
    "text", ["{}", "no json", '{"schema_version": 2}', '{"schema_version": 1}', '{"schema_version":1,"cases":3}']
)
def test_what_cannot_be_merged_is_one_line(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text(text)
    write(sample(), tmp_path / "good.json")
    for names in (("bad.json", "good.json"), ("good.json", "missing.json")):
        given = [str(tmp_path / name) for name in names]
        assert cli.main(["merge", *given, "-o", str(tmp_path / "out.json")]) == 2
        err = capsys.readouterr().err
        assert err.startswith("asgi-conformance: ")
        assert err.count("\n") == 1
    assert not (tmp_path / "out.json").exists()
