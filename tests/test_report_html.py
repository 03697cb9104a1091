"""report/html.py, page.py, blobs.py, code_map.py, state_map.py: the page as text; the browser is in its own file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from html.parser import HTMLParser
from itertools import accumulate
from typing import Any

import pytest
from sample_cases import HOSTILE
from sample_data import SERVERS, STATES
from sample_report import sample

from asgi_conformance.report import html, page
from asgi_conformance.report.code_map import code_map
from asgi_conformance.report.foreign import pictured
from asgi_conformance.report.state_map import state_map

INERT = re.compile(r'<script type="application/x-conformance"[^>]*>([^<]*)</script>')


class Reader(HTMLParser):
    """Collects elements and attributes as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def inflated(text: str) -> list[Any]:
    return [json.loads(zlib.decompress(base64.b64decode(blob))) for blob in INERT.findall(text)]


def test_the_policy_allows_just_the_script_and_style_of_the_page() -> None:
    text = html.render(sample())
    policy = dict(Reader(text).tags[[tag for tag, _ in Reader(text).tags].index("meta") + 1][1])["content"] or ""
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 2
    for kind, bodies in (("script", scripts), ("style", [style])):
        digests = [base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in bodies]
        assert f"{kind}-src " + " ".join(f"'sha256-{digest}'" for digest in digests) + ";" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("hostile", [False, True])
def test_nothing_in_the_page_asks_for_anything_or_runs(hostile: bool) -> None:
    for tag, attributes in Reader(html.render(sample(hostile=hostile, servers=2))).tags:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form-data", "audio", "video", "foreignobject")
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "style", "action", "formaction", "xlink:href")
            if name == "href":
                assert (value or "").startswith(("#", "data:image/svg+xml,")), value
            if tag == "script" and name == "type":
                assert value == "application/x-conformance"


def test_hostile_text_stands_in_the_page_as_text() -> None:
    text = html.render(sample(hostile=True))
    words = "".join(Reader(text).texts)
    for hostile in HOSTILE:
        assert "<" not in hostile or hostile not in text
        assert pictured(hostile) in words
    assert "{{7*7}}" in words
    text.encode()


def test_the_template_escapes_what_a_report_from_a_file_brings() -> None:
    report = sample()
    report["summary"]["total"] = 3
    report["target"]["framework"]["name"] = "<s>x</s>"
    report["servers"][0]["extensions"] = ["<s>x</s>"]
    report["coverage"]["routes"]["missing"] = ["<u>y</u>"]
    assert not {"s", "u"} & {tag for tag, _ in Reader(html.render(report)).tags}


def test_five_thousand_cases_weigh_under_a_megabyte() -> None:
    report = sample(cases=5000)
    assert len(report["cases"]) == 5000
    assert len(html.render(report).encode()) < 1_000_000


def unpacked(text: str) -> list[dict[str, Any]]:
    """The cases of a page as its script reads them: places looked up in their tables, steps added up."""
    index, *chunks = inflated(text)
    places = list(accumulate(index["seen"]["script"]))
    order = sorted(range(len(places)), key=lambda position: (places[position], position))
    details = [(chunk, place) for chunk, size in zip(chunks, index["sizes"], strict=True) for place in range(size)]
    found: list[dict[str, Any]] = [{} for _ in places]
    for position, (chunk, place) in zip(order, details, strict=True):
        tables, columns = chunk["tables"], chunk["cases"]

        def value(name: str, tables: Any = tables, columns: Any = columns, place: int = place) -> Any:
            return tables[name][columns[name][place]]

        script = {name: index["scripts"][name][places[position]] for name in index["scripts"]}
        case = {name: index["seen"][name][position] for name in index["seen"]}
        shown = {name: index["tables"][name][at] for name, at in (script | case).items() if name in index["tables"]}
        found[position] = {
            **{"id": script["id"], "ms": case["ms"] / 10, "unstable": bool(case["unstable"])},
            **{name: shown[name] for name in ("title", "section", "kind", "route", "server", "verdict", "layer")},
            "requires": [index["names"][at] for at in shown["cites"]],
            "transitions": [index["transitions"][at] for at in shown["walk"]],
            "findings": [tables["findings"][at] for at in value("group")],
            "reason": value("reason"),
            "reproduce": script["id"].join(value("command")),
            "handler": value("handler"),
            "attempts": value("attempts"),
            "complete": columns["whole"][place] > 0,
            "trace": [tables["rows"][at] for at in value("sequence")],
            "times": list(accumulate(columns["steps"][place])),
        }
    return found


def test_every_case_is_in_the_page_with_all_that_it_shows() -> None:
    report = sample(servers=2)
    found = unpacked(html.render(report))
    assert len(found) == len(report["cases"])
    for row, case in zip(found, report["cases"], strict=True):
        same = ("id", "title", "section", "kind", "server", "verdict", "reason", "reproduce", "complete", "unstable")
        assert {name: row[name] for name in same} == {name: case[name] for name in same}
        assert row["layer"] == (case["layer"] or "")
        assert row["ms"] == pytest.approx(case["duration_ms"], abs=0.051)
        assert set(case["requires"]) <= set(row["requires"])
        assert row["transitions"] == case["tags"].get("transitions", [])
        assert row["findings"] == [{k: v for k, v in f.items() if v not in ("", None)} for f in case["findings"]]
        if len(case["attempts"]) > 1:
            assert row["attempts"] == case["attempts"]
        assert row["trace"] == [[o["boundary"], o["kind"], o["data"]] for o in case["trace"]]
        assert row["times"] == [round(o["t_us"] / 10) for o in case["trace"]]


def test_bytes_that_are_text_travel_as_text() -> None:
    report = sample()
    sent = [{"$": "bytes", "hex": hexadecimal} for hexadecimal in ("782d", "00ff", "0")]
    report["cases"][0]["trace"][0]["data"] = {"sent": sent}
    (_, _, data), *_ = unpacked(html.render(report))[0]["trace"]
    assert data["sent"] == [{"$": "bytes", "text": "x-"}, *sent[1:]]


def test_the_same_on_another_server_adds_little() -> None:
    one, two = (html.render(sample(servers=servers, cases=1000)) for servers in (1, 2))
    packed = [sum(map(len, INERT.findall(text))) for text in (one, two)]
    assert packed[1] < 1.25 * packed[0]


def test_chunks_are_of_bounded_size() -> None:
    _, *chunks = inflated(html.render(sample(cases=1000)))
    assert len(chunks) > 3
    assert all(len(json.dumps(chunk, separators=(",", ":"))) < 500_000 for chunk in chunks)


def test_the_overview_reads_without_scripts() -> None:
    words = " ".join(Reader(html.render(sample())).texts)
    for said in ("Does not conform", "app.main:app", "uvicorn 0.54.0", "The middleware changed the close code",
                 "uvicorn-1005-on-abnormal-end", "/ws/admin denies", "/ws/chat/{room}", "app/chat.py:31"):  # fmt: skip
        assert said in words


def test_an_empty_report_renders() -> None:
    report = sample(results=[], servers=0, error={"phase": "import", "message": "No module named 'app'"}, states=None)
    words = " ".join(Reader(html.render(report)).texts)
    assert "Could not be judged" in words
    assert "No module named 'app'" in words


def test_the_users_own_causes_stand_before_the_stack() -> None:
    view = page.view(sample())
    assert [entry["layer"] for entry in view["yours"]] == ["application", "middleware", "application"]
    assert [entry["layer"] for entry in view["stack"]] == ["framework", "server"]


def test_routes_the_worst_first() -> None:
    assert [(route["path"], route["verdict"]) for route in page.view(sample())["routes"]] == [
        ("/ws/chat/{room}", "fail"),
        ("/ws/feed", "warn"),
        ("/ws/echo", "pass"),
        ("/ws/admin", "skip"),
    ]


def test_where_servers_differ() -> None:
    (row,) = page.view(sample(servers=2))["differences"]
    assert row["id"] == "close.app.code[1006]"
    assert row["verdicts"] == {SERVERS[0].id: "note", SERVERS[1].id: "known"}


def close_case(code: int, arrived: int | None, verdict: str = "pass", direction: str = "client") -> dict[str, Any]:
    return {"verdict": verdict, "tags": {"code": code, "direction": direction, "arrived": arrived}}


def tiles(cases: list[dict[str, Any]], label: str) -> list[tuple[str, str, str]]:
    (side,) = code_map(cases, {})
    (found,) = (entry for entry in side["ranges"] if entry["label"] == label)
    return [(tile["label"], tile["back"], tile["verdict"]) for tile in found["tiles"]]


def test_the_code_map_shows_what_went_out_and_what_arrived() -> None:
    cases = [
        close_case(4000, 4000),
        close_case(4001, 1000, "fail"),
        close_case(4001, 4001),
        close_case(4002, None, "note"),
    ]
    assert tiles(cases, "4000-4999") == [
        ("4000", "as sent", "pass"),
        ("4001", "1000, 4001", "fail"),
        ("4002", "nothing", "note"),
    ]


def test_every_registered_code_is_shown_run_or_not() -> None:
    found = tiles([close_case(1000, 1000)], "1000-1015")
    assert len(found) == 16
    assert found[1] == ("1001", "not run", "")


def test_a_sweep_of_all_codes_joins_neighbours_that_behaved_the_same() -> None:
    cases = [
        close_case(code, 1002, "note") if code != 3500 else close_case(code, None, "fail") for code in range(65536)
    ]
    (side,) = code_map(cases, {})
    assert sum(len(entry["tiles"]) for entry in side["ranges"]) < 40
    assert tiles(cases, "3000-3999") == [
        ("3000-3499", "1002", "note"),
        ("3500", "nothing", "fail"),
        ("3501-3999", "1002", "note"),
    ]


def walk(verdict: str, *names: str) -> dict[str, Any]:
    return {"verdict": verdict, "tags": {"transitions": list(names)}}


def test_a_failing_walk_marks_what_no_passing_walk_took() -> None:
    a, b, c, d = (transition["id"] for transition in STATES["transitions"][:4])
    drawn = state_map(STATES, [walk("pass", a, b), walk("fail", a, c), walk("skip", d)])
    found = {t["id"]: (t["verdict"], t["visits"]) for line in drawn["lines"] for t in line["transitions"]}
    assert (found[a], found[b], found[c], found[d]) == (("pass", 2), ("pass", 1), ("fail", 1), ("", 0))
    assert drawn["visited"] == 3


def test_a_failing_walk_over_passed_transitions_marks_its_last() -> None:
    a, b, *_ = (transition["id"] for transition in STATES["transitions"])
    drawn = state_map(STATES, [walk("pass", a, b), walk("warn", a, b)])
    found = {t["id"]: t["verdict"] for line in drawn["lines"] for t in line["transitions"]}
    assert (found[a], found[b]) == ("pass", "warn")
