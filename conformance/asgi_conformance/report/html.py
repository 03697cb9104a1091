"""The HTML report: one file that asks for nothing, runs only its own hashed script and never takes text as markup.

The overview, the maps and the matrices are rendered here and readable without scripts. The cases travel deflated in
inert elements; the page inflates the index when it opens, and the details of a case when they are asked for.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from . import page
from .blobs import embed
from .foreign import pictured

_TEMPLATES = Path(__file__).with_name("templates")
_STYLES = ("base.css", "parts.css", "case.css")
_SCRIPTS = (
    *("data.js", "dom.js", "values.js", "filters.js", "list.js"),
    *("diff.js", "lanes.js", "timeline.js", "case.js", "views.js"),
)


# Before anything is laid out: where scripts run, the parts that are not asked for need no layout.
_EARLY = "document.documentElement.classList.add('js');"


def render(report: Mapping[str, Any]) -> str:
    """The whole page for a report that `build` has made (and so has redacted)."""
    style = "\n".join(_read(name) for name in _STYLES)
    script = "(() => {\n'use strict';\n" + "\n".join(_read(name) for name in _SCRIPTS) + "\n})();"
    index, chunks = embed(report)
    template = _environment().get_template("page.html.j2")
    try:
        return template.render(
            page.view(report),
            csp=_policy(style, _EARLY, script),
            # The only texts that are not escaped: files of this package, and base64.
            style=Markup(style),
            early=Markup(_EARLY),
            script=Markup(script),
            index=index,
            chunks=chunks,
        )
    except jinja2.UndefinedError as exc:
        # What is missing is of one kind for who asks for a report, whatever reads it.
        raise KeyError(exc.message) from None


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(number="{:,}".format, plural=_plural, case_link=page.case_link)
    return environment


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _shown(value: Any) -> Any:
    if value is None:
        return ""
    return pictured(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, *scripts: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(f"'{_digest(script)}'" for script in scripts),
            f"style-src '{_digest(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
