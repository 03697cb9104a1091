"""report/markdown.py, badge.py, compare.py, foreign.py."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from sample_cases import HOSTILE
from sample_report import sample

from asgi_conformance.report import badge, markdown
from asgi_conformance.report.compare import compare
from asgi_conformance.report.foreign import address, pictured, whole


def test_markdown_says_the_verdict_and_the_failures_first() -> None:
    text = markdown.render(sample())
    lines = text.splitlines()
    assert lines[0] == "## ❌ <code>app.main&#58;app</code> does not conform"
    assert text.index("### In your application") < text.index("### In the stack below it") < text.index("### Errors")
    assert text.count("The middleware changed the close code") == 1
    assert len(lines) < 60


def test_markdown_of_a_run_without_findings_is_a_few_lines() -> None:
    text = markdown.render(sample(results=[], partial_reasons=()))
    assert "◐" in text.splitlines()[0]
    assert len(text.splitlines()) < 15


def test_markdown_stays_short_however_much_failed() -> None:
    report = sample()
    report["causes"] = [dict(report["causes"][0], component=f"c{number}") for number in range(500)]
    assert len(markdown.render(report)) < 30_000
    assert "and 480 more causes" in markdown.render(report)


def test_hostile_text_is_no_markup_in_markdown() -> None:
    text = markdown.render(sample(hostile=True))
    tags = set(re.findall(r"(?<!\\)<(/?\w+)", text))
    assert tags <= {"code", "/code", "br", "details", "/details", "summary", "/summary"}
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "javascript:" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode()


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("- a", "\\- a"),
        ("1. a", "&#49;. a"),
        ("a\n# b", "a \\# b"),
        ("`x`", "\\`x\\`"),
        ("https://x", "https\\://x"),
        ("www.x.y", "www\\.x.y"),
        (":smile:", "\\:smile:"),
        ("@me", "\\@me"),
    ],
)
def test_markdown_text(foreign: str, shown: str) -> None:
    assert markdown.text(foreign) == shown


@pytest.mark.parametrize("verdict", ["pass", "fail", "partial", "error"])
def test_the_badge_is_well_formed_and_says_the_verdict(verdict: str) -> None:
    report = sample()
    report["summary"]["verdict"] = verdict
    root = ElementTree.fromstring(badge.svg(report))
    says = {"pass": "conforms", "fail": "9 failed", "partial": "partly judged", "error": "error"}[verdict]
    assert root.attrib["aria-label"] == f"ASGI WebSocket: {says}"
    assert "http" not in badge.svg(report).replace("http://www.w3.org/2000/svg", "")
    endpoint = badge.endpoint(report)
    assert endpoint["schemaVersion"] == 1
    assert endpoint["message"] == says
    assert endpoint["isError"] is (verdict == "error")
    assert re.fullmatch(r"[0-9a-f]{6}", endpoint["color"])


def changed(report: dict[str, Any], case_id: str, verdict: str, observed: str = "") -> dict[str, Any]:
    other = copy.deepcopy(report)
    for case in other["cases"]:
        if case["id"] == case_id:
            case["verdict"] = verdict
            for finding in case["findings"]:
                finding["verdict"] = verdict
                finding["observed"] = observed or finding["observed"]
    return other


def test_a_report_compared_with_itself_shows_nothing() -> None:
    assert not any(compare(sample(), sample()).as_dict().values())


@pytest.mark.parametrize(
    ("case_id", "verdict", "kind"),
    [
        ("close.client.code[1000-bye]", "fail", "regressed"),
        ("close.client.code[1000-bye]", "warn", "regressed"),
        ("close.client.code[1000-bye]", "known", "regressed"),
        ("close.client.code[1000-bye]", "error", "regressed"),
        ("close.client.code[1000-bye]", "skip", "changed"),
        ("close.client.code[4001-bye]", "pass", "fixed"),
        ("close.client.code[4001-bye]", "note", "fixed"),
        ("close.client.code[4001-bye]", "warn", "changed"),
        ("close.client.code[4001-bye]", "skip", "changed"),
    ],
)
def test_compare(case_id: str, verdict: str, kind: str) -> None:
    found = compare(sample(), changed(sample(), case_id, verdict)).as_dict()
    assert [(change["id"], change["after"]) for change in found.pop(kind)] == [(case_id, verdict)]
    assert not any(found.values())


def test_another_observation_of_the_same_verdict_is_a_change_with_a_note() -> None:
    found = compare(sample(), changed(sample(), "close.client.code[4001-bye]", "fail", "code=1001"))
    (change,) = found.noted
    assert change.note.endswith("→ code=1001")
    assert not found.regressed


def test_new_and_gone() -> None:
    fewer = copy.deepcopy(sample())
    gone = fewer["cases"].pop(0)
    assert [change.id for change in compare(sample(), fewer).gone] == [gone["id"]]
    assert [change.id for change in compare(fewer, sample()).new] == [gone["id"]]


def test_one_server_each_is_compared_whatever_its_name() -> None:
    other = copy.deepcopy(sample())
    for entry in (*other["servers"], *other["cases"]):
        entry["id" if "version" in entry else "server"] = "hypercorn"
    assert not any(compare(sample(), other).as_dict().values())


def test_several_servers_are_compared_one_by_one() -> None:
    other = sample(servers=2)
    case = next(case for case in other["cases"] if case["server"] == "uvicorn-wsproto" and case["verdict"] == "pass")
    case["verdict"] = "fail"
    (change,) = compare(sample(servers=2), other).regressed
    assert change.name == f"{case['id']}@uvicorn-wsproto"


@pytest.mark.parametrize("text", [*HOSTILE, "\u2066x\u2069", "\x7f\x9b", "a\u200bb"])
def test_nothing_hides_in_pictured_text(text: str) -> None:
    shown = pictured(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]", shown)
    shown.encode()
    address(text).encode("ascii")


def test_half_a_character_is_replaced() -> None:
    assert whole("a\ud800b\U0001f600") == "a\ufffdb\U0001f600"
