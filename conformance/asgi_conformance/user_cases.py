"""Cases of the user's own: files that the setting ``cases`` names, written with the suite's own decorator."""

from __future__ import annotations

import glob
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from . import requirements
from .model import Case, Step
from .script import CaseFunction, ScriptError, separately
from .settings import SettingsError, nearest

PREFIX = "user."
# Steps after which the connection is over, or is left as it is on purpose.
_LEAVES = ("close", "closed", "ended", "refused", "drop", "reset", "half-close")


def load(patterns: Sequence[str]) -> tuple[Case, ...]:
    """The cases of the files that some patterns (absolute ones) name, in the order of the patterns and paths.

    Raises `SettingsError` for a pattern that matches no file, a file that cannot be imported or has no case, and a
    case or requirement that is written wrongly.
    """
    if not patterns:
        return ()
    found: dict[str, CaseFunction] = {}
    with requirements.anew():
        for file in _files(patterns):
            shown = os.path.relpath(file)
            for id, function in _registered(file, shown).items():
                id = id if id.startswith(PREFIX) else PREFIX + id
                if id in found:
                    raise SettingsError(f"{shown}: the case id {id} is used twice")
                found[id] = replace(function, id=id)
            if not any(function.function.__module__ == _module_name(file) for function in found.values()):
                raise SettingsError(f"{shown}: there is no case in it (from asgi_conformance import case)")
        return tuple(case for function in found.values() for case in _cases(function))


def _files(patterns: Iterable[str]) -> list[Path]:
    files: dict[Path, None] = {}
    for pattern in patterns:
        matching = [name for name in sorted(glob.glob(pattern, recursive=True)) if name.endswith(".py")]
        if not matching:
            raise SettingsError(f"[tool.asgi-conformance] cases: {os.path.relpath(pattern)} matches no file (*.py)")
        files |= dict.fromkeys(map(Path, matching))
    return list(files)


def _module_name(file: Path) -> str:
    # A private name: two files may have the same one, and neither is to shadow a module of the target.
    return f"_asgi_conformance_user_cases_{abs(hash(str(file)))}"


def _registered(file: Path, shown: str) -> dict[str, CaseFunction]:
    name = _module_name(file)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise SettingsError(f"{shown}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with separately() as found:
        try:
            spec.loader.exec_module(module)
        except (ScriptError, requirements.OwnRequirementError) as exc:
            raise SettingsError(f"{shown}:{_line(exc, file)}: {exc}") from None
        except SyntaxError as exc:
            raise SettingsError(f"{shown}:{exc.lineno}: {exc.msg}") from None
        except Exception as exc:
            raise SettingsError(f"{shown}:{_line(exc, file)}: {type(exc).__name__}: {exc}") from None
        return dict(found)


def _line(exc: BaseException, file: Path) -> int:
    """The line of a file that an exception came from or through, 0 where none is."""
    lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(file)]
    return (lines[-1] or 0) if lines else 0


def _cases(function: CaseFunction) -> Iterable[Case]:
    known = requirements.load()
    if not function.requires:
        raise SettingsError(f"{function.id}: it names no requirement that it decides")
    for id in function.requires:
        if id not in known:
            own = requirements.OWN + id
            hint = f'; did you mean "{own}"?' if own in known else nearest(id, known)
            raise SettingsError(f'{function.id}: unknown requirement "{id}"{hint}')
    try:
        for case in function.cases():
            yield _with_an_end(case) if case.kind == "route" else case
    except SettingsError:
        raise
    except ScriptError as exc:
        raise SettingsError(str(exc)) from None
    except Exception as exc:
        raise SettingsError(f"{function.id}: {type(exc).__name__}: {exc}") from None


def _with_an_end(case: Case) -> Case:
    """A client that stays would say nothing of how the handler ends: where the script names no end, it closes."""
    if case.steps and case.steps[-1].op in _LEAVES:
        return case
    if not case.steps:
        raise SettingsError(f"{case.full_id}: its script has no step")
    return replace(case, steps=(*case.steps, Step(len(case.steps), "client", "close", {"code": 1000, "reason": None})))
