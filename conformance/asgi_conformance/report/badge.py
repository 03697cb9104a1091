"""The badge: a flat picture of our own, and the JSON that shields.io's endpoint badge reads."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

LABEL = "ASGI WebSocket"

# Dark enough for white text at WCAG AA.
_COLOURS = {"pass": "#1b6a47", "partial": "#835000", "fail": "#a3231d", "error": "#861a59"}

# Widths of characters in a common sans serif at 11 px; what is not listed is as wide as a digit.
_NARROW, _WIDE = "iljtfrI.,:;'|!()[] ", "mwMW@%—"


def message(report: Mapping[str, Any]) -> str:
    """What the badge says: ``conforms``, ``3 failed``, ``partly judged``, ``error``."""
    summary = report["summary"]
    if summary["verdict"] == "fail":
        return f"{summary['failed']} failed" if summary["failed"] else "does not conform"
    return {"pass": "conforms", "partial": "partly judged", "error": "error"}[summary["verdict"]]


def endpoint(report: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a shields.io endpoint badge (its schemaVersion 1)."""
    verdict = report["summary"]["verdict"]
    return {
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(report),
        "color": _COLOURS[verdict].lstrip("#"),
        "isError": verdict == "error",
    }


def svg(report: Mapping[str, Any]) -> str:
    """The badge as SVG, without scripts, fonts or references to anything outside."""
    says = message(report)
    left, right = _width(LABEL) + 34, _width(says) + 20
    title = escape(f"{LABEL}: {says}")
    stretch = 'lengthAdjust="spacingAndGlyphs"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n"
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="4"/></clipPath>\n'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#2b3238"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[report["summary"]["verdict"]]}"/></g>\n'
        '<path d="M9 5v10M19 5v10M9 8h10M9 12h10" fill="none" stroke="#7cc4dc" stroke-width="1.6"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
        f'<text x="26" y="14" textLength="{_width(LABEL)}" {stretch}>{escape(LABEL)}</text>'
        f'<text x="{left + 10}" y="14" textLength="{_width(says)}" {stretch}>{escape(says)}</text></g>\n'
        "</svg>\n"
    )


def _width(text: str) -> int:
    return round(sum(4.2 if char in _NARROW else 10.2 if char in _WIDE else 7 for char in text))
