"""What a random script is made of: moves, and how Hypothesis draws them. Each list is in the order of shrinking."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from ..states import OPERATIONS
from .scripts import ACTS, LONGEST, MOST_SAID, Move

# How often what is drawn beside what is drawn once; what goes on is drawn more often than what ends a connection.
_OFTEN: Mapping[str, int] = {
    "accept": 3,
    "receive_text": 4,
    "send_text": 3,
    "receive_bytes": 3,
    "receive": 3,
    "send_bytes": 2,
    "close": 2,
    "receive_json[text]": 2,
    "send_json[text]": 2,
}
_NAMES = [name for name in dict.fromkeys((*_OFTEN, *ACTS, *OPERATIONS)) for _ in range(_OFTEN.get(name, 1))]
moves = st.builds(Move, st.sampled_from(_NAMES), st.integers(0, 5), st.integers(0, MOST_SAID))
scripts = st.tuples(
    # Most connections begin with accept(): else few come to what lies behind it.
    st.sampled_from([(), *[(Move("accept"),)] * 3]),
    # Short ones first, to which all are shrunk; long ones else are seldom drawn.
    st.one_of(st.lists(moves, min_size=1, max_size=LONGEST), st.lists(moves, min_size=8, max_size=LONGEST)),
).map(lambda parts: (*parts[0], *parts[1]))
