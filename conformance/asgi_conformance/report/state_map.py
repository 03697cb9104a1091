"""The state machine as a drawing: pairs (client_state, application_state) on a grid, transitions between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .foreign import address
from .verdicts import RANK

NAMES = {0: "CONNECTING", 1: "CONNECTED", 2: "DISCONNECTED", 3: "RESPONSE"}

# RESPONSE stands on top, beside CONNECTING, from where alone it is entered: no line then runs through a box.
_ROWS = (3, 0, 1, 2)
_CELL_W, _CELL_H, _BOX_W, _BOX_H, _LEFT, _TOP = 312, 146, 162, 62, 214, 72


def state_map(states: Mapping[str, Any], cases: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Boxes and lines with their places, and the transitions behind each line with what they came to.

    A case that did not pass marks those transitions of its walk that no passing case took; where there is none, the
    last one of its walk.
    """
    verdicts, visits = _judged(list(cases))
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for transition in states["transitions"]:
        ends = tuple(transition["from"]), tuple(transition["to"])
        line = lines.setdefault(ends, {"from": ends[0], "to": ends[1], "transitions": []})
        line["transitions"].append(
            {**transition, "verdict": verdicts.get(transition["id"], ""), "visits": visits.get(transition["id"], 0)}
        )
    pairs = {tuple(pair) for pair in states["pairs"]}
    pairs |= {end for ends in lines for end in ends}
    rows = [row for row in _ROWS if any(pair[1] == row for pair in pairs)]
    for line in lines.values():
        _describe(line)
        _draw(line, rows, lines)
    order = sorted(lines.values(), key=lambda line: (-RANK.get(line["verdict"], -1), line["from"], line["to"]))
    transitions = [t for line in order for t in line["transitions"]]
    return {
        "boxes": [_box(pair, rows, pairs) for pair in [(c, a) for a in rows for c in range(3)]],
        "lines": order,
        "columns": [{"name": NAMES[c], "x": _LEFT + c * _CELL_W + _BOX_W / 2} for c in range(3)],
        "rows": [{"name": NAMES[a], "y": _TOP + place * _CELL_H + _BOX_H / 2} for place, a in enumerate(rows)],
        "width": _LEFT + 2 * _CELL_W + _BOX_W + 40,
        "height": _TOP + (len(rows) - 1) * _CELL_H + _BOX_H + 40,
        "unreachable": _reasons(states.get("unreachable") or {}),
        "total": len(transitions),
        "visited": sum(bool(t["visits"]) for t in transitions),
    }


def _reasons(unreachable: Any) -> list[tuple[str, str]]:
    """Pairs that nothing leads to, each with the reason."""
    if isinstance(unreachable, Mapping):
        return [(str(pair), str(reason)) for pair, reason in unreachable.items()]
    return [(_label(entry["pair"]), str(entry["reason"])) for entry in unreachable]


def _judged(cases: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, int]]:
    walks = [(case["verdict"], case["tags"]["transitions"]) for case in cases if case["tags"].get("transitions")]
    clean = {name for verdict, walk in walks if verdict in ("pass", "note") for name in walk}
    verdicts = dict.fromkeys(clean, "pass")
    visits: dict[str, int] = {}
    for verdict, walk in walks:
        if verdict == "skip":
            continue
        for name in dict.fromkeys(walk):
            visits[name] = visits.get(name, 0) + 1
        if verdict not in ("pass", "note"):
            for name in [name for name in walk if name not in clean] or walk[-1:]:
                verdicts[name] = max(verdicts.get(name, verdict), verdict, key=RANK.__getitem__)
    return verdicts, visits


def _describe(line: dict[str, Any]) -> None:
    found = [t["verdict"] for t in line["transitions"] if t["verdict"]]
    line["verdict"] = max(found, key=RANK.__getitem__) if found else ""
    line["visited"] = sum(bool(t["visits"]) for t in line["transitions"])
    line["count"] = len(line["transitions"])
    operations = dict.fromkeys(str(t["operation"]) for t in line["transitions"])
    line["operations"] = ", ".join(list(operations)[:4]) + (" …" if len(operations) > 4 else "")
    line["pill"] = 18 + 7 * len(f"{line['visited']}/{line['count']}")
    line["key"] = "-".join(".".join(map(str, line[end])) for end in ("from", "to"))
    line["name"] = f"{_label(line['from'])} to {_label(line['to'])}"
    line["link"] = f"#cases?edge={address(line['key'])}"


def _label(pair: Sequence[int]) -> str:
    return " / ".join(NAMES.get(state, str(state)) for state in pair)


def _box(pair: tuple[int, int], rows: Sequence[int], pairs: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    x, y = _place(pair, rows)
    return {
        "x": x - _BOX_W / 2,
        "y": y - _BOX_H / 2,
        "width": _BOX_W,
        "height": _BOX_H,
        "cx": x,
        "cy": y,
        "client": NAMES[pair[0]],
        "application": NAMES[pair[1]],
        "reachable": pair in pairs,
        "start": pair == (0, 0),
        "name": _label(pair),
    }


def _place(pair: Sequence[int], rows: Sequence[int]) -> tuple[float, float]:
    return _LEFT + pair[0] * _CELL_W + _BOX_W / 2, _TOP + rows.index(pair[1]) * _CELL_H + _BOX_H / 2


def _draw(line: dict[str, Any], rows: Sequence[int], lines: Mapping[tuple[Any, ...], Any]) -> None:
    """The path of a line, and where the number of its transitions stands."""
    (x1, y1), (x2, y2) = _place(line["from"], rows), _place(line["to"], rows)
    left, right = x1 - _BOX_W / 2, x1 + _BOX_W / 2
    points: tuple[tuple[float, float], ...]
    if line["from"] == line["to"]:
        top = y1 - _BOX_H / 2
        points = (right - 34, top), (right - 34, top - 34), (right + 34, top - 4), (right, top + 20)
        line["x"], line["y"] = right + 2, top - 15
    elif x1 == x2 and abs(y2 - y1) > 1.5 * _CELL_H:
        # Past the boxes between, on the left, the wider the longer; its number stands between its first two rows.
        down, far = math.copysign(1, y2 - y1), abs(y2 - y1) / _CELL_H
        start, end = (left - 2, y1 + 12 * down), (left - 3, y2 - (6 * far) * down)
        out = left - 44 * far + 22
        points = start, (out, start[1]), (out, end[1]), end
        line["x"], line["y"] = _at(points, 0.22 if far > 2.5 else 0.32)
    else:
        start, end = _edge(x1, y1, x2, y2), _edge(x2, y2, x1, y1)
        both = (line["to"], line["from"]) in lines
        length = math.hypot(x2 - x1, y2 - y1)
        # Of a pair of lines both ways each bows to its own side.
        bow = (22.0 if both else 0.0) / length
        bend = (y1 - y2) * bow, (x2 - x1) * bow
        points = (
            start,
            *(
                (start[0] + (end[0] - start[0]) * part + bend[0], start[1] + (end[1] - start[1]) * part + bend[1])
                for part in (1 / 3, 2 / 3)
            ),
            end,
        )
        # Off the middle of a line along a row, where the lines past boxes run.
        line["x"], line["y"] = _at(points, 0.25 if y1 == y2 else 0.5 if x1 == x2 else 0.3)
    (a, b), (c, d), (e, f), (g, h) = points
    line["path"] = f"M{a:.1f} {b:.1f}C{c:.1f} {d:.1f} {e:.1f} {f:.1f} {g:.1f} {h:.1f}"


def _at(points: Sequence[tuple[float, float]], t: float) -> tuple[float, float]:
    """The point of a cubic curve at ``t`` from 0 to 1."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(weight * point[axis] for weight, point in zip(weights, points, strict=True)) for axis in (0, 1))
    return round(x, 1), round(y, 1)


def _edge(x: float, y: float, toward_x: float, toward_y: float) -> tuple[float, float]:
    """Where a line from the middle of a box toward a point leaves the box."""
    dx, dy = toward_x - x, toward_y - y
    half_w, half_h = _BOX_W / 2 + 3, _BOX_H / 2 + 3
    scale = min(half_w / abs(dx) if dx else math.inf, half_h / abs(dy) if dy else math.inf)
    return round(x + dx * scale, 1), round(y + dy * scale, 1)
