"""What a random script is made of: moves, and how Hypothesis draws them. The order of each list is that of shrinking."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from ..close_codes import BOUNDARIES, MAXIMUM, REASONS
from ..states import OPERATIONS
from .scripts import ACTS, LONGEST, Move

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
# Around the lengths at which a frame's header grows (RFC 6455 section 5.2).
_SIZES = (*[0] * 10, 125, 126, 127, 65535, 65536)

codes = st.one_of(st.just(1000), st.sampled_from(BOUNDARIES), st.integers(0, MAXIMUM))
reasons = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from([reason.value for reason in REASONS if reason.value is not None]),
)
moves = st.builds(
    Move,
    name=st.sampled_from(_NAMES),
    variant=st.integers(0, 5),
    text=st.text(max_size=8),
    size=st.sampled_from(_SIZES),
    code=codes,
    reason=reasons,
)
scripts = st.tuples(
    # Most connections begin with accept(): else few come to what lies behind it.
    st.sampled_from([(), *[(Move("accept"),)] * 3]),
    st.lists(moves, min_size=1, max_size=LONGEST),
).map(lambda parts: (*parts[0], *parts[1]))
