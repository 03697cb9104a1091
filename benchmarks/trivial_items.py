"""As many trivial items as there are cases: what pytest itself needs until its first dot."""

from __future__ import annotations

import pytest
from amount import COUNT


@pytest.mark.parametrize("number", range(COUNT))
def test_nothing(number: int) -> None:
    """Passes."""
