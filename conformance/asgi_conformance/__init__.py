"""The conformance test suite for WebSockets at the ASGI boundary: ``pytest --target=myapp:app``."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__", "case", "requirement"]


def __getattr__(name: str) -> object:
    # Imported on demand: the idle plugin must cost nothing.
    if name == "case":
        from .script import case

        return case
    if name == "requirement":
        from .requirements import requirement

        return requirement
    raise AttributeError(name)
