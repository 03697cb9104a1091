"""``python …/action/__main__.py STEP``: one step of ``action.yml``. Any Python 3 parses it, to refuse an old one."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - pip has not checked it yet
    found = "{}.{}".format(*sys.version_info)
    print("::error title=asgi-conformance::Python 3.11 or newer is needed to run the suite, this is " + found)
    sys.exit(1)

if not __package__:
    # The first step runs before anything is installed, and all of them in the version of the action.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from asgi_conformance.action.steps import STEPS

if __name__ == "__main__":
    if sys.argv[1:] not in [[name] for name in STEPS]:
        sys.exit(f"usage: python -m asgi_conformance.action {'|'.join(STEPS)}")
    sys.exit(STEPS[sys.argv[1]]())
