"""A text that a regular expression matches, and the URL that a route's pattern stands for, as far as it is simple."""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any, Dict, Iterator, Optional, Tuple

_parser: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")
_BY_CATEGORY = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "x"}
_CANDIDATES = "x1-_~ "
# More repetitions than this are not written out.
_REPEATED = 64


def example_of(pattern: str) -> Optional[str]:
    """A short text that the whole pattern matches, None where none was found."""
    try:
        text = "".join(_pieces(_parser.parse(pattern)))
        return text if re.fullmatch(pattern, text) else None
    except (re.error, ValueError, RecursionError):
        return None


def url_of(pattern: str) -> Optional[Tuple[str, Dict[str, str]]]:
    """The URL of a pattern, ``{name}`` in it for each named group, with an example of each; None: none was found."""
    try:
        parsed = _parser.parse(pattern)
        names = {number: name for name, number in parsed.state.groupdict.items()}
        url, params = [], {}
        for op, value in parsed:
            name = names.get(value[0]) if str(op) == "SUBPATTERN" else None
            piece = "".join(_piece(str(op), value))
            if name is None:
                url.append(piece)
            else:
                url.append("{" + name + "}")
                params[name] = piece
        filled = "".join(params.get(part[1:-1], part) for part in url)
        return ("".join(url), params) if re.match(pattern, filled) else None
    except (re.error, ValueError, RecursionError):
        return None


def _pieces(parsed: Any) -> Iterator[str]:
    for op, value in parsed:
        yield from _piece(str(op), value)


def _piece(op: str, value: Any) -> Iterator[str]:
    if op == "LITERAL":
        yield chr(value)
    elif op == "ANY":
        yield "x"
    elif op == "NOT_LITERAL":
        yield "x" if value != ord("x") else "y"
    elif op == "IN":
        yield _member(value)
    elif op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = value
        # What may be left out is left out, but a group of its own is better seen with something in it.
        times = low or (1 if high and str(inner[0][0]) in ("IN", "ANY") else 0)
        if times > _REPEATED:
            raise ValueError("too long")
        yield from ("".join(_pieces(inner)) for _ in range(times))
    elif op == "SUBPATTERN":
        yield from _pieces(value[-1])
    elif op == "BRANCH":
        yield from _pieces(value[1][0])
    elif op != "AT":
        raise ValueError(op)


def _member(choices: Any) -> str:
    if str(choices[0][0]) == "NEGATE":
        return next(text for text in _CANDIDATES if not any(_holds(one, text) for one in choices[1:]))
    op, value = choices[0]
    if str(op) == "LITERAL":
        return chr(value)
    if str(op) == "RANGE":
        return chr(value[0]) if value[0] != ord("0") else "1"
    if str(value) in _BY_CATEGORY:
        return _BY_CATEGORY[str(value)]
    return next(text for text in _CANDIDATES if _holds(choices[0], text))


def _holds(choice: Any, text: str) -> bool:
    op, value = str(choice[0]), choice[1]
    if op == "LITERAL":
        return bool(ord(text) == value)
    if op == "RANGE":
        return bool(value[0] <= ord(text) <= value[1])
    kind = str(value)
    held = {"DIGIT": text.isdigit(), "SPACE": text.isspace(), "WORD": text.isalnum() or text == "_"}
    name = kind.rpartition("_")[2]
    return bool(held.get(name, False) != ("NOT" in kind))
