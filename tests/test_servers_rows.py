"""What released servers were seen to do is found by a case each, and recorded as a deviation or shown as a note."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from asgi_conformance import cases, deviations
from asgi_conformance.options import SERVERS

DATA = tomllib.loads((Path(__file__).parent / "server_rows.toml").read_text("utf-8"))
ROWS = DATA["row"]
# Frozen: a row may be added, none taken away.
SEEN = """
UV1 UV2 UV3 UV4 UV5 UV6 UV7 UV9 UV10 UV11 UV12 UV13 UV14 UV16 UV17 UV19 UV20 UV21 HY1 HY2 HY3 HY6 HY7 HY9 HY11
DA1 DA2 DA3 DA4 DA6 DA7 DA9 DA10 DA11 GR2 GR3 GR4 GR5 GR6 GR7 GR8 GR12 GR13
""".split()
CASES = {case.full_id for case in cases.load()}


def test_every_row_is_found_or_left_out_with_a_reason() -> None:
    found, left = {row["row"] for row in ROWS}, {row["row"] for row in DATA.get("left-out", ())}
    assert found | left == set(SEEN)
    assert not found & left
    assert all(row["why"].endswith(".") for row in DATA.get("left-out", ()))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['row']}-{row['server']}-{row['case']}")
def test_a_row_names_a_server_and_a_case_that_are_there(row: dict[str, Any]) -> None:
    name, _, ws = row["server"].partition(":")
    assert name in SERVERS
    assert not ws or ws in SERVERS[name]
    assert row["case"] in CASES
    assert row["observed"]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.get("deviation")], ids=lambda row: f"{row['row']}-{row['server']}-{row['case']}"
)
def test_what_is_known_is_a_deviation_of_that_server(row: dict[str, Any]) -> None:
    (deviation,) = [one for one in deviations.load() if one.id == row["deviation"]]
    name, _, ws = row["server"].partition(":")
    assert deviation.product == name
    requirement = deviation.requirement
    first = requirement if isinstance(requirement, str) else requirement[0]
    version = deviations.newest_known()[name]
    ws = ws or SERVERS[name][0]
    assert deviation.covers(first, row["observed"], name, version, ws, row["case"], deviation.expected)


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row["verdict"] == "known" and not row.get("deviation")],
    ids=lambda row: f"{row['row']}-{row['server']}-{row['case']}",
)
def test_what_is_seen_of_a_known_departure_is_covered(row: dict[str, Any]) -> None:
    name, _, ws = row["server"].partition(":")
    named = (name, deviations.newest_known()[name], ws or SERVERS[name][0], row["case"])
    texts = (text for text in row["observed"].split("; ") if text.endswith(" (known)"))
    parts = [text.removesuffix(" (known)").split(": ", 1) for text in texts]
    assert parts
    for requirement, observed in parts:
        assert any(one.covers(requirement, observed, *named, one.expected) for one in deviations.load()), requirement
