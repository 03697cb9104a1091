"""What a report says of a case that is to be replayed, and the cases of a target's own routes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote

from ..cases import routes
from ..model import Case, Verdict

_ORDER = [str(verdict) for verdict in Verdict]


def blamed(report: Mapping[str, Any], ids: Collection[str]) -> dict[str, Any]:
    """Of some cases the worst in a report: ``id``, ``findings`` that did not hold, ``ws``, ``on``, ``target``.

    Empty where the report has none of them.
    """
    found = [case for case in report["cases"] if case["id"] in ids]
    if not found:
        return {}
    case = max(found, key=lambda case: _ORDER.index(case["verdict"]))
    server: Mapping[str, Any] = next((server for server in report["servers"] if server["id"] == case["server"]), {})
    framework = report["target"]["framework"]
    on = [f"{server.get('name', '')} {server.get('version', '')} ({server.get('ws', '')})"] if server else []
    on.append(f"{framework['name']} {framework['version']}")
    return {
        "id": case["id"],
        "findings": [finding for finding in case["findings"] if finding["verdict"] not in ("pass", "skip", "note")],
        "ws": server.get("ws", "auto"),
        "on": ", ".join(on),
        "target": report["target"]["name"],
    }


def route_case(id: str, path: str) -> Case | None:
    """A case of a route, ``route.close-4001[/ws]``; ``path`` goes before the one in the id. None for no such way."""
    way, _, row = id.partition("[")
    path = path or unquote(row.removesuffix("]"))
    if way not in routes.WAYS or not path.startswith("/"):
        return None
    found = routes.route_cases([routes.Subject(path)])
    return next((case for case in found if case.id == way), None)
