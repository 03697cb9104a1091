"""The target, loaded as uvicorn loads it: ``module:attribute.path``, factories, its folder first on the path."""

from __future__ import annotations

import asyncio
import difflib
import importlib
import inspect
import os
import sys
import traceback
from typing import Any, List


class LoadError(Exception):
    """The target cannot be loaded. ``phase`` says where, ``shown`` is the target's own traceback if it has one."""

    def __init__(self, phase: str, message: str, shown: str = "") -> None:
        super().__init__(message)
        self.phase = phase
        self.message = message
        self.shown = shown


def load(target: str, app_dir: str, factory: bool) -> Any:
    """Import the target and return its application object; raises `LoadError`."""
    if app_dir:
        sys.path.insert(0, os.path.abspath(app_dir))
    module_name, separator, attributes = target.partition(":")
    if not separator or not module_name or not attributes:
        raise LoadError("target", 'the target must be written "module:attribute", not "{}"'.format(target))
    app = _attribute(_module(module_name), module_name, attributes)
    if not callable(app):
        raise LoadError("attribute", "{} is not callable: it is {}".format(target, _kind(app)))
    app = _called(app, target, factory)
    return app if _is_single_callable(app) else SingleCallable(app)


class SingleCallable:
    """An application of two callables (ASGI 2) as uvicorn serves it: ``app(scope)`` is called with the rest."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope)(receive, send)


def _is_single_callable(app: Any) -> bool:
    """Whether uvicorn takes an application for one of a single callable (ASGI 3)."""
    if inspect.isclass(app):
        return hasattr(app, "__await__")
    return asyncio.iscoroutinefunction(app if inspect.isfunction(app) else getattr(app, "__call__", None))  # noqa: B004


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        missing = exc.name or name
        if name == missing or name.startswith(missing + "."):
            hint = "looked in {} first".format(sys.path[0] if sys.path else "?")
            if name.endswith(".py"):
                hint = 'a module is named without ".py": "{}"'.format(name[:-3].replace("/", "."))
            raise LoadError("import", 'no module named "{}" ({})'.format(missing, hint)) from None
        raise LoadError("import", 'importing "{}" failed: {}'.format(name, exc), _own_traceback()) from None
    except SystemExit as exc:
        raise LoadError("import", 'importing "{}" ended the process with exit code {}'.format(name, exc.code)) from None
    except BaseException as exc:
        text = "{}: {}".format(type(exc).__name__, exc)
        raise LoadError("import", 'importing "{}" raised {}'.format(name, text), _own_traceback()) from None


def _own_traceback() -> str:
    """The current exception's traceback without the frames of this package and of importlib."""
    kind, exc, tb = sys.exc_info()
    skipped = (os.path.dirname(os.path.abspath(__file__)), "importlib")
    while tb is not None and any(part in tb.tb_frame.f_code.co_filename for part in skipped):
        tb = tb.tb_next
    return "".join(traceback.format_exception(kind, exc, tb))


def _attribute(module: Any, module_name: str, attributes: str) -> Any:
    value = module
    for name in attributes.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            near: List[str] = difflib.get_close_matches(name, [n for n in dir(value) if not n.startswith("_")], 1)
            hint = ' (did you mean "{}"?)'.format(near[0]) if near else ""
            message = 'module "{}" has no attribute "{}"{}'.format(module_name, attributes, hint)
            raise LoadError("attribute", message) from None
    return value


def _called(app: Any, target: str, factory: bool) -> Any:
    """Call a factory; like uvicorn, detect one that was not declared as such by calling it."""
    asynchronous = "{} is an async factory, or no application; a factory must be an ordinary function".format(target)
    if inspect.iscoroutinefunction(app) and not inspect.signature(app).parameters:
        raise LoadError("factory", asynchronous)
    if not factory and (inspect.isclass(app) or _takes_arguments(app)):
        return app
    try:
        made = app()
    except TypeError as exc:
        if not factory:
            return app
        message = "the factory {} raised TypeError: {}".format(target, exc)
        raise LoadError("factory", message, _own_traceback()) from None
    except BaseException as exc:
        text = "{}: {}".format(type(exc).__name__, exc)
        raise LoadError("factory", "the factory {} raised {}".format(target, text), _own_traceback()) from None
    if inspect.iscoroutine(made):
        made.close()
        raise LoadError("factory", asynchronous)
    if not callable(made):
        raise LoadError("factory", "the factory {} returned {}, which is not callable".format(target, _kind(made)))
    return made


def _takes_arguments(app: Any) -> bool:
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _kind(value: Any) -> str:
    return "an instance of {}".format(type(value).__name__) if value is not None else "None"
