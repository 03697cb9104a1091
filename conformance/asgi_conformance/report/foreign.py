"""Text from outside (close reasons, routes, headers, exception texts) made safe to show: nothing hides in it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

# Controls, lone surrogates, and the marks that reorder or hide text: what one sees must be what there is.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def pictured(value: Any) -> str:
    """``value`` as text in which control and invisible characters are pictures: ``␀``, ``\\u202e``."""
    return _HIDDEN.sub(_picture, value if isinstance(value, str) else str(value))


def one_line(value: Any) -> str:
    """``value`` as `pictured` has it, with its line ends and tabs in pictures too."""
    return pictured(str(value).replace("\n", "\u240a").replace("\t", "\u2409"))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"


def whole(text: str) -> str:
    """``text`` with U+FFFD in place of half a character, which no link and no file in UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def address(value: Any) -> str:
    """``value`` percent-encoded for a link inside the page."""
    return quote(whole(str(value)), safe="")
