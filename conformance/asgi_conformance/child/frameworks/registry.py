"""Which of the known frameworks the target uses, and all of them asked as one."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ..chain import chains
from . import blacksheep, channels, falcon, litestar, quart, sanic, starlette

MODULES = (starlette, litestar, falcon, quart, sanic, channels, blacksheep)


class Frameworks:
    """The frameworks of one target: observed from the moment at which the target has imported them."""

    def __init__(self, probe_path: str) -> None:
        self.probe_path = probe_path
        self.target: Any = None
        self._installed: List[Any] = []

    def install(self, target: Any) -> bool:
        """Observe what has been imported since the last time; True where there was something."""
        self.target = target
        new = [module for module in MODULES if module not in self._installed and module.loaded()]
        for module in new:
            self._installed.append(module)
            module.install(self.probe_path, target)
        return bool(new)

    def main(self) -> Optional[Any]:
        """The module of the framework whose application the target leads to, else of the first that is imported."""
        ways = chains(self.target, self.is_application) if len(self._installed) > 1 else []
        for way in ways[:1]:
            return next(module for module in self._installed if module.is_application(way[-1]))
        return self._installed[0] if self._installed else None

    def facts(self) -> Optional[Dict[str, Any]]:
        """Name, version and operations of the main framework, None where the target uses none."""
        module = self.main()
        if module is None:
            return None
        operations = module.OPERATIONS
        return dict(module.versions(), operations=None if operations is None else sorted(operations))

    def is_application(self, value: Any) -> bool:
        """Whether an object is the application of an observed framework, with nothing of its author's round it."""
        return any(module.is_application(value) for module in self._installed)

    def inside(self) -> Any:
        """The application within the target, None where it is not found."""
        module = self.main()
        return None if module is None else module.inside(self.target)

    def discover(self) -> List[Dict[str, Any]]:
        """The target's own WebSocket routes, those of its main framework first."""
        main = self.main()
        order = sorted(self._installed, key=lambda module: module is not main)
        found: Dict[str, Dict[str, Any]] = {}
        for module in order:
            for route in module.discover(self.target):
                found.setdefault(route["path"], route)
        return list(found.values())

