"""A realistic report made of invented results: for the tests of the formats, and to look at while working on them.

Run as a script it writes the report to the files that it is given: ``python tests/sample_report.py out.html out.json``.
``--cases=5000`` adds passing cases up to that number, ``--servers=2`` runs everything on two servers, ``--hostile``
fills every place that foreign text can reach with markup.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sample_cases import HOSTILE, results
from sample_data import CODE_NAMES, MIDDLEWARE, ROUTES, SERVERS, STATES, requirements

from asgi_conformance.report import build, write


def sample(*, servers: int = 1, cases: int = 0, hostile: bool = False, **more: Any) -> dict[str, Any]:
    """A report as `build` makes it; ``more`` goes to `build` in place of what the sample would give."""
    used = SERVERS[:servers]
    found = results(used, cases, hostile)
    text = HOSTILE[0] if hostile else ""
    given: dict[str, Any] = {
        "suite": {"name": "asgi-conformance", "version": "1.0.0"},
        "target": {"name": f"app.main:app{text}", "framework": {"name": "Starlette", "version": "1.10.0"}},
        "servers": used,
        "environment": {"python": "3.11.7", "platform": f"Linux-6.1-x86_64{text}"},
        "results": found,
        "coverage": {
            "requirements": {
                "total": 15,
                "covered": 12,
                "missing": ["asgi.connect.first", "rfc6455.utf8", "suite.mw.transparent"],
            },
            "transitions": {"total": 52, "covered": 47, "missing": []},
            "transition_pairs": {"total": 311, "covered": 298, "missing": []},
            "simple_paths": {"total": 96, "covered": 96, "missing": []},
            "routes": {"total": 4, "covered": 3, "missing": ["/ws/admin"]},
            "close_codes": {"total": 27, "covered": 27, "missing": []},
        },
        "duration_s": 12.345,
        "partial_reasons": ("The route /ws/admin denies without credentials: 10 cases were skipped. Add headers.",),
        "deviations": (
            {
                "id": "uvicorn-1005-on-abnormal-end",
                "title": "uvicorn tells 1005 where a connection ends without a close frame",
                "occurs": "always",
                "url": "https://github.com/encode/uvicorn/pull/1753",
            },
            {"id": "wsproto-sends-1006", "title": "uvicorn with wsproto puts 1006 on the wire", "occurs": "sometimes"},
        ),
        "routes": ROUTES,
        "requirements": requirements(),
        "states": STATES,
        "close_codes": CODE_NAMES,
        "middleware": MIDDLEWARE,
        "command": "pytest --target=app.main:app --report=report.html",
        "started": "2026-11-23T09:30:00+00:00",
    }
    if hostile:
        given["partial_reasons"] = HOSTILE
        given["deviations"] = [{"id": text, "title": text, "url": "javascript:window.pwned=1"} for text in HOSTILE]
        given["error"] = {"phase": HOSTILE[0], "message": HOSTILE[2]}
        given["baseline"] = {"file": HOSTILE[1], "stale": list(HOSTILE)}
    return build(**{**given, **more})


def main() -> None:
    """Writes the sample to the files named on the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--servers", type=int, default=1, choices=(1, 2))
    parser.add_argument("--hostile", action="store_true")
    given = parser.parse_args()
    report = sample(servers=given.servers, cases=given.cases, hostile=given.hostile)
    for path in given.files:
        write(report, path)


if __name__ == "__main__":
    main()
