"""Texts that a route's regular expression takes, found without running the route."""

from __future__ import annotations

import re

import pytest

from asgi_conformance.child.frameworks.pattern_example import example_of, url_of


@pytest.mark.parametrize(
    "pattern",
    [
        "chat", "[^x]", "[^/]+", r"[^\d]", r"[^\W]", "[^a-z]", "x*", "a?b", "[a-c]", "[0-9]{4}", r"\d+", r"\w+", r"\s",
        r"\D", r"\S", r"\W", "(a|b)c", "(?:ab){2}", ".+?", "^room$", r"[-a-zA-Z0-9_]+", r"[\d]{2}-x", ".", "[^-]",
        r"(?P<name>[a-z]+)", "(room|hall)", "[^xy]",
    ],
)  # fmt: skip
def test_an_example_is_taken_by_its_pattern(pattern: str) -> None:
    example = example_of(pattern)
    assert example is not None
    assert re.fullmatch(pattern, example)


def test_what_cannot_be_written_out_has_no_example() -> None:
    assert [example_of(pattern) for pattern in ("(", "a(?=b)", "a{65}")] == [None, None, None]
    assert url_of("(") is None


def test_groups_with_a_name_are_parameters_of_the_url() -> None:
    assert url_of(r"^chat/(?P<room>\w+)/(\d)/$") == ("chat/{room}/1/", {"room": "x"})
