"""The version of a package that the target has imported."""

from __future__ import annotations

import sys


def version_of(package: str) -> str:
    """What the package says of itself, else what its installed distribution says, ``?`` where neither does."""
    version = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(version, str):
        return version
    try:
        from importlib.metadata import version as installed

        return installed(package)
    except Exception:
        return "?"
