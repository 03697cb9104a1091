"""What a run leaves behind for the workflow: the job's summary, annotations, and the outputs of the action."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..report import badge, files
from ..report.markdown import code, text
from . import inputs
from .annotate import Sources, annotate
from .commands import annotation, put_out, say

#: GitHub takes no more than 1 MiB of summary from a step, and none of it when it is more.
SUMMARY_LIMIT = 1024 * 1024
COUNTS = ("passed", "failed", "warned", "known")
_CUT = "\n\nThe summary was cut here. The report has all of it.\n"


def publish(environ: Mapping[str, str], workspace: Path) -> None:
    """Publish the run of this job: ``CONFORMANCE_FOLDER`` holds its reports, ``…_STATUS`` its exit status.

    ``…_PROBLEM`` says what came in between before pytest ran.
    """
    folder = inputs.given(environ, "folder")
    report = _load(Path(folder, inputs.REPORTS["json"])) if folder else None
    if report is not None:
        Path(folder, "badge.json").write_text(json.dumps(badge.endpoint(report)) + "\n", "utf-8")
    paths = {name: Path(folder, file) for name, file in inputs.REPORTS.items() if folder}
    present = {name: str(path) for name, path in paths.items() if path.is_file()}
    name = inputs.artifact(environ) if present else ""
    for line in _annotations(environ, workspace, report):
        say(line)
    _summarize(environ, present, name)
    summary = report["summary"] if report else {}
    put_out(
        {
            "verdict": str(summary.get("verdict", "error")),
            **{count: str(summary.get(count, 0)) for count in COUNTS},
            **{output: present.get(output, "") for output in inputs.REPORTS if output},
            "artifact": name,
        }
    )


def _load(path: Path) -> dict[str, Any] | None:
    try:
        return files.load(path)
    except (OSError, ValueError):
        return None


def _annotations(environ: Mapping[str, str], workspace: Path, report: Mapping[str, Any] | None) -> list[str]:
    if report is None:
        if inputs.given(environ, "problem"):
            return []
        return [annotation(*_unreported(inputs.given(environ, "status")), "asgi-conformance")]
    given = inputs.read(environ, workspace)
    folders = (given.folder / given.app_dir, given.folder, workspace)
    return annotate(report, Sources(workspace, folders), given.strict)


def _unreported(status: str) -> tuple[str, str]:
    if status == "0":
        return "warning", "pytest wrote no report: nothing was judged."
    return "error", f"pytest ended with exit status {status or '?'} and wrote no report; its log says why."


def _summarize(environ: Mapping[str, str], present: Mapping[str, str], name: str) -> None:
    if "" in present:
        shown = Path(present[""]).read_text("utf-8")
    else:
        why = inputs.given(environ, "problem") or _unreported(inputs.given(environ, "status"))[1]
        shown = f"## 💥 {code(inputs.given(environ, 'target') or 'The target')} could not be judged\n\n{text(why)}\n"
    end = f"\nThe full report is in the artifact {code(name)}.\n" if name else ""
    path = environ.get("GITHUB_STEP_SUMMARY") or os.devnull
    with open(path, "ab") as stream:
        room = SUMMARY_LIMIT - stream.tell() - 1024
        stream.write(cut(shown, room).encode() + end.encode())


def cut(markdown: str, room: int) -> str:
    """Markdown that takes at most ``room`` bytes: whole lines, a sentence that says so, and nothing left open."""
    if len(markdown.encode()) <= room:
        return markdown
    whole = markdown.encode()[: max(0, room - 200)].decode("utf-8", "ignore").rpartition("\n")[0]
    opened = whole.count("<details>") - whole.count("</details>")
    return whole + "\n\n</details>" * max(0, opened) + _CUT
