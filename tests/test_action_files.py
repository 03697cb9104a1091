"""The GitHub Action as files: valid, safe, pinned, and what its page says of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import action_runner
import pytest
import yaml
from action_runner import ROOT

from asgi_conformance.action import inputs
from asgi_conformance.action.steps import STEPS

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLE = ROOT / "docs" / "examples" / "conformance.yml"
DOCS = (ROOT / "docs" / "github-action.md").read_text("utf-8")


def test_the_action_and_the_workflows_are_valid() -> None:
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed: pip install -e '.[test]'")
    for schema, paths in (("actions", [ROOT / "action.yml"]), ("workflows", [*WORKFLOWS, EXAMPLE])):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{schema}"]
        done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_and_the_workflows_are_safe(tmp_path: Path) -> None:
    """zizmor finds nothing, not even what it tells pedants only."""
    tool = action_runner.tool("zizmor")
    if tool is None:
        pytest.skip("zizmor is not installed: pip install -e '.[test]'")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "action.yml", tmp_path)
    for path in WORKFLOWS:
        shutil.copy(path, folder)
    # Who copies the example puts a commit there.
    (folder / "example.yml").write_text(EXAMPLE.read_text("utf-8").replace("@COMMIT", "@" + "0" * 40))
    command = [*tool, "--offline", "--no-progress", "--persona=pedantic", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed" in done.stderr


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS, EXAMPLE], ids=lambda path: path.name)
def test_other_actions_are_pinned_by_commit_and_version(path: Path) -> None:
    for uses, comment in re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8")):
        if not uses.startswith(("./", "OWNER/")):
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", uses), uses
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), uses


def test_one_version_of_each_action_is_used_everywhere() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "action.yml", *WORKFLOWS, EXAMPLE))
    found = set(re.findall(r"uses: (actions/\S+ # \S+)", text + DOCS))
    assert len({uses.partition("@")[0] for uses in found}) == len(found), found


def test_no_expression_reaches_a_shell() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "eval" not in step.get("run", "")
    documents = [yaml.safe_load(path.read_text("utf-8")) for path in (*WORKFLOWS, EXAMPLE)]
    for document in documents:
        assert document["permissions"] == {}
        for job in document["jobs"].values():
            assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_every_input_is_used_and_none_is_read_that_is_not_there() -> None:
    text = (ROOT / "action.yml").read_text("utf-8").partition("\nruns:")[2]
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    steps = [step for step in ACTION["runs"]["steps"] if "asgi_conformance/action" in step.get("run", "")]
    assert [step["run"].split()[-1] for step in steps] == list(STEPS)
    for step in steps:
        for name, expression in step["env"].items():
            source = re.findall(r"(?:inputs|outputs)\.([\w-]+)", expression)[0]
            assert name == inputs.PREFIX + source.upper().replace("-", "_")


def test_the_page_has_every_input_and_output() -> None:
    def rows(title: str) -> list[list[str]]:
        part = DOCS.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        lines = [line for line in part.splitlines() if line.startswith("| `")]
        return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]

    found = {name.strip("`"): default for name, default, _ in rows("Inputs")}
    assert list(found) == list(ACTION["inputs"])
    for name, spec in ACTION["inputs"].items():
        expected = "required" if spec.get("required") else f"`{spec['default']}`" if spec["default"] else ""
        assert found[name] == expected, name
    assert [row[0].strip("`") for row in rows("Outputs")] == list(ACTION["outputs"])


@pytest.mark.parametrize("page", ["docs/github-action.md", "README.md"])
def test_workflows_on_the_pages_give_inputs_that_exist(page: str) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    found = [step for block in blocks for step in steps_of(yaml.safe_load(block)) if "OWNER/" in str(step.get("uses"))]
    assert found
    for step in [*found, *steps_of(yaml.safe_load(EXAMPLE.read_text("utf-8")))]:
        if "OWNER/" in str(step.get("uses")):
            assert step["uses"] == "OWNER/asgi-conformance@COMMIT"
            assert "target" in step["with"]
            assert set(step["with"]) <= set(ACTION["inputs"])


def steps_of(document: Any) -> list[dict[str, Any]]:
    """The steps anywhere in a workflow or in a part of one."""
    if isinstance(document, list):
        return [step for part in document for step in steps_of(part)]
    if not isinstance(document, dict):
        return []
    return [document] if "uses" in document else [step for part in document.values() for step in steps_of(part)]


