"""What counts as a credential: by the name under which a value stands, and of the values that a user configured."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

# "key" only at the end of a name: api_key and x-key are secrets, KeyError is not.
WORDS = r"auth|authorization|cookie|cookies|token|secret|passwd|password|passphrase|pwd|session|credential"
NAME = rf"(?!sec-websocket-)[\w.-]*(?:{WORDS})[\w.-]*|(?!sec-websocket-)[\w.-]*keys?"
_EXACT = re.compile(rf"(?:{NAME})\Z", re.IGNORECASE)
_NOT_SECRET = re.compile(r"auth(?:or|ority|ors|enticated)?\Z|.*\.author\Z", re.IGNORECASE)
# A word, a module's name, a path, a number, a placeholder: what nobody would have to hide.
_PLAIN = re.compile(r"[a-z_.:/\-]*\Z|[\d.:-]*\Z|\{uuid\}\Z|true\Z|false\Z", re.IGNORECASE)
_SHORTEST = 6


def is_sensitive(name: str) -> bool:
    """Whether a header, parameter, variable or field of this name holds a credential."""
    return bool(_EXACT.match(name)) and not _NOT_SECRET.match(name)


def of_values(values: Mapping[str, Any]) -> Iterator[str]:
    """The credentials among named values, such as environment variables or the parameters of a query."""
    for name, value in values.items():
        text = str(value)
        if is_sensitive(name):
            yield text
        else:
            yield from _in_text(text)


def of_query(query: Any) -> Iterator[str]:
    """The credentials in a query, given as text or as a table."""
    yield from of_values(query if isinstance(query, Mapping) else dict(parse_qsl(str(query))))


def of_message(message: Any) -> Iterator[str]:
    """The credentials in a first message: in the fields of a JSON object, or in the words of any other text."""
    text = str(message)
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, (dict, list)):
        yield from _in_json("", found)
    else:
        yield from _in_text(text)


def _in_json(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _in_json(str(key), item)
    elif isinstance(value, list):
        for item in value:
            yield from _in_json(name, item)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield from of_values({name: value})


def _in_text(text: str) -> Iterator[str]:
    for word in text.split():
        try:
            password = urlsplit(word).password
        except ValueError:
            password = None
        if password:
            yield password
        elif "://" not in word and len(word) >= _SHORTEST and not _PLAIN.match(word):
            yield word
