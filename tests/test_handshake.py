"""harness/handshake.py: what is written and read without the library is just what the library writes and reads."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.uri import WebSocketURI
from websockets.utils import accept_key

from asgi_conformance.harness import handshake
from asgi_conformance.harness.handshake import Handshake

ACCEPT = "@accept@"
USUAL = ("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}")
ANSWERS = {
    "usual": USUAL,
    "cased": ("UPGRADE: WebSocket", "connection: upgrade", f"sec-websocket-accept:{ACCEPT}"),
    "with headers": (*USUAL, "Date: today", "Server: any", "X-Tab:\t a\tb \t"),
    "empty header": (*USUAL, "X-Empty:"),
    "no blank before the value": tuple(line.replace(": ", ":") for line in USUAL),
    "subprotocol": (*USUAL, "Sec-WebSocket-Protocol: chat"),
    "subprotocol not offered": (*USUAL, "Sec-WebSocket-Protocol: other"),
    "two subprotocols": (*USUAL, "Sec-WebSocket-Protocol: chat, log"),
    "subprotocol twice": (*USUAL, "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: log"),
    "extension": (*USUAL, "Sec-WebSocket-Extensions: permessage-deflate"),
    "wrong accept": (*USUAL[:2], "Sec-WebSocket-Accept: bm9ib2R5"),
    "accept twice": (*USUAL, f"Sec-WebSocket-Accept: {ACCEPT}"),
    "no accept": USUAL[:2],
    "no upgrade": USUAL[1:],
    "other upgrade": ("Upgrade: h2c", *USUAL[1:]),
    "two upgrades": ("Upgrade: websocket, h2c", *USUAL[1:]),
    "connection of two": (USUAL[0], "Connection: keep-alive, Upgrade", USUAL[2]),
    "connection closes": (USUAL[0], "Connection: close", USUAL[2]),
    "header twice": (*USUAL, "Set-Cookie: a=1", "Set-Cookie: b=2"),
    "header of Latin-1": (*USUAL, "X-Name: \xe9"),
    "blank in a name": (*USUAL, "X Name: a"),
    "no colon": (*USUAL, "nothing"),
    "folded": (*USUAL, "X-Long: a", " b"),
    "control character": (*USUAL, "X-Bell: \x07"),
    "many headers": (*USUAL, *(f"X-{number}: a" for number in range(70))),
    "long": (*USUAL, "X-Long: " + "a" * 5000),
}
STATUSES = ("HTTP/1.1 101 Switching Protocols", "HTTP/1.1 101 ", "HTTP/1.1 101", "HTTP/1.0 101 Old", "HTTP/1.1 200 OK")


def answered(name: str, status: str, cut: int | None = None) -> tuple[Any, ...]:
    """What a handshake makes of an answer, with two bytes behind it."""
    seen: list[Any] = []
    made = Handshake(lambda *observation: seen.append(observation))
    request = made.request("localhost", 80, "/chat", [], ["chat", "log"]).decode()
    key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
    head = "\r\n".join([status, *ANSWERS[name], "", ""]).replace(ACCEPT, accept_key(key)).encode("latin-1")
    whole = head + b"\x81\x00"
    behind = b"".join(made.feed(part) for part in (whole[:cut], whole[cut:] if cut else b"") if part)
    return seen[1:], made.answer and made.answer.status, made.problem, behind, key


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_the_library_reads_it(monkeypatch: pytest.MonkeyPatch, name: str, status: str) -> None:
    *found, key = answered(name, status)
    monkeypatch.setattr(handshake, "_USUAL_SIZE", 0)
    monkeypatch.setattr(handshake.os, "urandom", lambda size: base64.b64decode(key))
    *library, _ = answered(name, status)
    assert found == library


@pytest.mark.parametrize("name", ["usual", "cased", "with headers", "subprotocol"])
def test_a_usual_answer_needs_no_library(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(Handshake, "_library")
    seen, status, problem, behind, _ = answered(name, STATUSES[0])
    assert (status, problem, behind) == (101, "", b"\x81\x00")
    assert [kind for _, kind, _ in seen] == ["response"]


@pytest.mark.parametrize("cut", [1, 12, 40, 100])
def test_an_answer_may_come_in_pieces(cut: int) -> None:
    _, status, problem, behind, _ = answered("usual", STATUSES[0], cut)
    assert (status, problem, behind) == (101, "", b"\x81\x00")


REQUESTS: dict[str, tuple[str, list[tuple[str, str]], list[str]]] = {
    "plain": ("/chat", [], []),
    "query": ("/chat?a=1&b=%20", [("X-A", "1")], []),
    "empty path": ("", [], []),
    "subprotocols": ("/", [("X-A", "1"), ("x-a", "2")], ["chat", "log.v2"]),
    "host and origin": ("/", [("host", "example.org"), ("Origin", "https://example.org")], []),
    "Latin-1": ("/", [("X-Name", "\xe9")], []),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_written_as_the_library_writes_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path, headers, subprotocols = REQUESTS[name]
    monkeypatch.setattr(handshake.os, "urandom", lambda size: b"k" * size)
    written = Handshake(lambda *seen: None).request("localhost", 8000, path, headers, subprotocols)
    uri = WebSocketURI(False, "localhost", 8000, *path.partition("?")[::2])
    protocol = ClientProtocol(uri, subprotocols=subprotocols or None)  # type: ignore[arg-type]
    protocol.key = base64.b64encode(b"k" * 16).decode()
    request = protocol.connect()
    for name_, value in headers:
        if name_.lower() in ("host", "origin") and name_ in request.headers:
            del request.headers[name_]
        request.headers[name_] = value
    protocol.send_request(request)
    assert written == b"".join(protocol.data_to_send())
