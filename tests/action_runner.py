"""A runner of composite actions, as far as ``action.yml`` needs one: it runs each ``run`` step with the real bash.

What GitHub's runner does beside it is done here too: expressions, the files for outputs and the summary, and the
workflow commands in the log. ``uses`` steps are simulated.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(==|!=|&&|\|\||[!()])|([\w.-]+))")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A workflow command that the runner took from a step's output."""

    name: str
    properties: Mapping[str, str]
    message: str


@dataclass
class Ran:
    """What a job saw of the action."""

    status: int = 0
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    log: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)
    python: str = ""

    def annotations(self, level: str) -> list[Command]:
        return [command for command in self.commands if command.name == level]


class Expression:
    """An expression of GitHub Actions: literals, names, ``! == != && ||``, parentheses and the status functions."""

    def __init__(self, text: str, names: Mapping[str, Any], functions: Mapping[str, bool]) -> None:
        self.words = [match.groups() for match in _TOKEN.finditer(text.strip())]
        assert "".join(text.split()) == "".join("".join(match[0].split()) for match in _TOKEN.finditer(text)), text
        self.names, self.functions = names, functions

    def value(self) -> Any:
        found = self._or()
        assert not self.words, self.words
        return found

    def _takes(self, operator: str) -> bool:
        if self.words and self.words[0][1] == operator:
            self.words.pop(0)
            return True
        return False

    def _or(self) -> Any:
        found = self._and()
        while self._takes("||"):
            other = self._and()
            found = found or other
        return found

    def _and(self) -> Any:
        found = self._equal()
        while self._takes("&&"):
            other = self._equal()
            found = found and other
        return found

    def _equal(self) -> Any:
        found = self._not()
        if self._takes("=="):
            return found == self._not()
        return found != self._not() if self._takes("!=") else found

    def _not(self) -> Any:
        if self._takes("!"):
            return not self._not()
        if self._takes("("):
            found = self._or()
            assert self._takes(")")
            return found
        literal, operator, name = self.words.pop(0)
        assert operator is None
        if name is None:
            return literal.replace("''", "'")
        if self._takes("("):
            assert self._takes(")")
            return self.functions[name]
        found: Any = self.names
        for part in name.split("."):
            found = found.get(part, "") if isinstance(found, Mapping) else ""
        return found


def run(inputs: Mapping[str, str], workspace: Path, python: Path, temp: Path, environ: Mapping[str, str]) -> Ran:
    """Run ``action.yml`` in a workspace. ``python`` is the folder of executables that setup-python would put first."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    unknown = set(inputs) - set(action["inputs"])
    assert not unknown, unknown
    given = {name: str(spec.get("default", "")) for name, spec in action["inputs"].items()} | dict(inputs)
    base = {
        **{name: text for name, text in os.environ.items() if not name.startswith(("PYTEST_", "COV_", "PYTHON"))},
        **environ,
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_ACTION_PATH": str(ROOT),
        "RUNNER_TEMP": str(temp),
        "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
    }
    temp.mkdir(parents=True, exist_ok=True)
    ran, steps, failed = Ran(), {}, False
    names = {"inputs": given, "steps": steps}
    for number, step in enumerate(action["runs"]["steps"]):
        functions = {"always": True, "cancelled": False, "failure": failed, "success": not failed}

        def filled(text: Any, functions: Mapping[str, bool] = functions) -> str:
            return _EXPRESSION.sub(lambda match: _text(Expression(match[1], names, functions).value()), str(text))

        condition = step.get("if", "success()")
        inner = _EXPRESSION.fullmatch(condition.strip())
        if not Expression(inner[1] if inner else condition, names, functions).value():
            ran.steps[step["name"]] = "skipped"
            continue
        if "uses" in step:
            status, outputs = _use(step["uses"], {key: filled(text) for key, text in step["with"].items()}, ran), {}
        else:
            files = temp / f"files-{number}"
            environment = base | {key: filled(text) for key, text in step.get("env", {}).items()}
            status, outputs = _bash(step, filled(step["run"]), environment, files, workspace, ran)
        ran.steps[step["name"]] = "failure" if status else "success"
        ran.status, failed = (status, True) if status else (ran.status, failed)
        if "id" in step:
            steps[step["id"]] = {"outputs": outputs, "outcome": ran.steps[step["name"]]}
    last = {"always": True, "cancelled": False, "failure": failed, "success": not failed}
    for name, spec in action["outputs"].items():
        match = _EXPRESSION.fullmatch(spec["value"])
        assert match is not None, spec
        ran.outputs[name] = _text(Expression(match[1], names, last).value())
    return ran


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bash(
    step: Mapping[str, Any], script: str, environ: dict[str, str], files: Path, workspace: Path, ran: Ran
) -> tuple[int, dict[str, str]]:
    assert step["shell"] == "bash"
    files.mkdir()
    for name in ("OUTPUT", "ENV", "PATH", "STATE", "STEP_SUMMARY"):
        (files / name).touch()
        environ[f"GITHUB_{name}"] = str(files / name)
    (files / "script.sh").write_text(script)
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(files / "script.sh")]
    done = subprocess.run(
        command, cwd=workspace, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240
    )
    log = done.stdout.decode("utf-8", "replace")
    ran.log += log
    ran.logs[step["name"]] = log
    ran.commands += commands(log)
    ran.summary += (files / "STEP_SUMMARY").read_text("utf-8")
    assert [(files / name).read_bytes() for name in ("ENV", "PATH", "STATE")] == [b""] * 3, "only outputs are set"
    return done.returncode, outputs((files / "OUTPUT").read_text("utf-8"))


def _use(uses: str, arguments: Mapping[str, str], ran: Ran) -> int:
    name = uses.partition("@")[0]
    if name == "actions/setup-python":
        ran.python = arguments["python-version"]
        return 0
    assert name == "actions/upload-artifact", uses
    assert arguments["name"] not in ran.artifacts, "upload-artifact refuses a name that there is already"
    assert not set(arguments["name"]) & set('":<>|*?\r\n\\/'), "upload-artifact refuses such a name"
    folder = Path(arguments["path"])
    ran.artifacts[arguments["name"]] = {path.name: path.read_bytes() for path in folder.iterdir()}
    return 0


def outputs(text: str) -> dict[str, str]:
    """The file ``GITHUB_OUTPUT`` as the runner reads it."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, mark, end = line.partition("<<")
        assert mark, f"not a heredoc: {line}"
        value: list[str] = []
        for part in lines:
            if part == end:
                break
            value.append(part)
        else:
            raise AssertionError(f"no end of {name}")
        found[name] = "\n".join(value)
    return found


def commands(log: str) -> Iterator[Command]:
    """The workflow commands in the output of a step, in both spellings that the runner knows."""
    stopped = ""
    for line in re.split(r"\r\n|\r|\n", log):
        command = _new_form(line) or _old_form(line)
        if command is None:
            continue
        if stopped:
            stopped = "" if command.name == stopped else stopped
        elif command.name == "stop-commands":
            stopped = command.message
        else:
            yield command
    assert not stopped, "commands were not resumed"


def _new_form(line: str) -> Command | None:
    match = re.match(r"\s*::([^\s:]+)(?: (.*?))?::(.*)", line, re.DOTALL)
    return None if match is None else Command(match[1], _properties(match[2], ","), _plain(match[3]))


def _old_form(line: str) -> Command | None:
    match = re.search(r"##\[([^\s\]]+)(?: ([^\]]*))?\](.*)", line, re.DOTALL)
    return None if match is None else Command(match[1], _properties(match[2], ";"), match[3])


def _properties(text: str | None, between: str) -> dict[str, str]:
    pairs = [pair.partition("=")[::2] for pair in (text or "").split(between) if "=" in pair]
    return {name.strip(): _plain(value.replace("%3A", ":").replace("%2C", ",")) for name, value in pairs}


def _plain(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


RECORDER = """
import json, os, sys
found = sys.argv.index("--constraint") + 1 if "--constraint" in sys.argv else 0
pins = open(sys.argv[found]).read() if found else ""
called = {"arguments": sys.argv[1:], "folder": os.getcwd(), "environ": sorted(os.environ), "pins": pins}
with open(os.path.join(sys.prefix, "pip.jsonl"), "a") as stream:
    stream.write(json.dumps(called) + chr(10))
sys.exit("no-such-package" in sys.argv)
"""


def environment(folder: Path, pip: bool = False) -> Path:
    """A virtual environment that sees all that this one has, so that nothing is fetched. Its folder of executables.

    Without ``pip`` its pip only writes down how it was called (``pip.jsonl``).
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    site = next(Path(path) for path in sys.path if Path(path).name == "site-packages")
    found = next(folder.glob("lib/python*/site-packages"))
    (found / "beside.pth").write_text(f"import site; site.addsitedir({str(site)!r})\n")
    if not pip:
        (found / "pip").mkdir()
        (found / "pip" / "__init__.py").touch()
        (found / "pip" / "__main__.py").write_text(RECORDER)
    return folder / "bin"


def tool(name: str) -> Sequence[str] | None:
    """A command line tool of this environment."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return None if found is None else [found]
