"""What a replay compares when the script is over: for each requirement what it demands here, and where to look.

An entry gives source of what is expected and of what was observed, and where equality is not the question, of whether
it held. They speak of what the template of the program offers: ``received``, ``sent``, ``first``, ``result``,
``states``, ``seen`` and the ``peer``. ``{at}`` stands for the boundary that the handler is behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .script import Script
from .source import source

Check = tuple[str, str, str]
Rule = Callable[[Script], Sequence[Check]]

_CODE = 'first(received("websocket.disconnect"), "code")'
_REASON = 'first(received("websocket.disconnect"), "reason")'
_MESSAGES = (
    '[event["bytes"] if event.get("bytes") is not None else event.get("text") for event in '
    'received("websocket.receive")]'
)
_EVENTS = '[event["type"] for _, event in seen["server"] if isinstance(event, dict)]'
_CLOSED = "peer.close and peer.close[:2]"
_ERRORS = '[exc for way, exc in seen["server"] if way == "raised"]'


def _one(expected: str, observed: str, held: str = "") -> Rule:
    return lambda script: [(expected, observed, held)]


def _header(name: str) -> str:
    return f'[value for name, value in peer.headers if name.lower() == "{name}"]'


def _closing(place: int) -> Rule:
    return lambda s: [(source(s.app_close[place]), f"peer.close and peer.close[{place}]", "")]


def _app_close(s: Script) -> list[Check]:
    return [(source(s.app_close), _CLOSED, "")]


def _client_code(s: Script) -> list[Check]:
    return [(source(s.client_close[0]), _CODE, "")]


def _client_reason(s: Script) -> list[Check]:
    return [(source(f"{s.client_close[1]!r}, or none"), _REASON, f"{_REASON} in ({s.client_close[1]!a}, None)")]


def _own_code(s: Script) -> list[Check]:
    answers = list(s.steps("client", "close"))
    return [(source(answers[0].args["code"] if answers else s.app_close[0]), _CODE, "")]


def _given_messages(s: Script) -> list[Check]:
    return [(f"[{', '.join(s.from_client)}]", _MESSAGES, "")]


def _sent_messages(s: Script) -> list[Check]:
    return [(f"[{', '.join(s.from_app)}]", "peer.messages", "")]


def _accept_headers(at: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        pairs = [(bytes(n).decode("latin-1"), bytes(v).decode("latin-1")) for n, v in s.accepting.get("headers", ())]
        if at == "framework":
            raw = [(bytes(n), bytes(v)) for n, v in s.accepting.get("headers", ())]
            return [(source(raw), '[tuple(pair) for pair in first(sent("websocket.accept"{at}), "headers")]', "")]
        names = dict.fromkeys(name for name, _ in pairs)
        return [(source([v for k, v in pairs if k == name]), _header(name), "") for name in names]

    return rule


def _subprotocol(s: Script) -> list[Check]:
    chosen = s.accepting.get("subprotocol")
    return [(source([chosen] if chosen else []), _header("sec-websocket-protocol"), "")]


def _denial_headers(s: Script) -> list[Check]:
    pairs = [(bytes(n).decode("latin-1"), bytes(v).decode("latin-1")) for n, v in s.denying["headers"]]
    return [(source([value]), _header(name), "") for name, value in pairs]


def _denial_body(s: Script) -> list[Check]:
    return [(source(b"".join(s.denying["chunks"])), "bytes(peer.body)", "")]


def _denial_sent(s: Script) -> list[Check]:
    body = 'b"".join(event.get("body", b"") for event in sent("websocket.http.response.body"{at}))'
    status = 'first(sent("websocket.http.response.start"{at}), "status")'
    return [(f"({s.denying['status']}, {source(b''.join(s.denying['chunks']))})", f"({status}, {body})", "")]


def _raises(name: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        step = next((each.index + 1 for each in s.steps("app", "deny")), s.last) if "denial" in name else s.last
        kinds = f"[kind.__name__ for kind in type(result.get({step})).__mro__]"
        return [('"RuntimeError"', f"result.get({step})", f'"RuntimeError" in {kinds}')]

    return rule


def _disconnects(attribute: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        step = s.taking[-1].index + 1
        if not attribute:
            return [('"WebSocketDisconnect"', f"type(result.get({step})).__name__", "")]
        event = f'first(received("websocket.disconnect"{{at}}), "{attribute}")'
        event += ' or ""' if attribute == "reason" else ""
        return [(event, f'getattr(result.get({step}), "{attribute}", "nothing raised")', "")]

    return rule


def _returned(s: Script) -> list[Check]:
    found = []
    for step in s.taking:
        expect = step.args.get("expect")
        if isinstance(expect, dict) and expect.get("value") is not None:
            found.append((source(expect["value"]), f"result.get({step.index + 1})", ""))
        elif step.op == "receive_json" and expect is not None:
            found.append(("None", f'result.get({step.index + 1}, "nothing")', ""))
    return found


def _sends(key: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        values = [step.args["args"]["data"] for step in s.steps("app", f"send_{key}")]
        return [(source(values), f'[event.get("{key}") for event in sent("websocket.send"{{at}})]', "")]

    return rule


def _sends_json(s: Script) -> list[Check]:
    given = next(s.steps("app", "send_json")).args["args"]
    key = "text" if given.get("mode", "text") == "text" else "bytes"
    return [(source(given["data"]), f'json.loads(first(sent("websocket.send"{{at}}), "{key}"))', "")]


def _sends_raw(s: Script) -> list[Check]:
    message = next(s.steps("app", "send")).args["args"]["message"]
    return [(source(message), f'(sent("{message["type"]}"{{at}}) or [None])[0]', "")]


def _close_sent(key: str, default: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        value = source(s.app_close[key == "reason"])
        return [(value, f'first(sent("websocket.close"{{at}}), "{key}") or {default}', "")]

    return rule


def _send_lost(s: Script) -> list[Check]:
    got = f"(type(result.get({s.last})).__name__, getattr(result.get({s.last}), 'code', None))"
    return [("('WebSocketDisconnect', 1006)", got, f"{got} == ('WebSocketDisconnect', 1006) or not {_ERRORS}")]


def _states_after(client: str, application: str) -> Rule:
    def rule(s: Script) -> list[Check]:
        step = s.taking[-1].index + 1 if s.taking else s.last
        return [(source(f"{client}, {application}"), f"states.get({step})", "")]

    return rule


def _lost_state(s: Script) -> list[Check]:
    got = f'states.get({s.last}, "").rpartition(", ")[2]'
    return [('"DISCONNECTED"', got, f'{got} == "DISCONNECTED" or not {_ERRORS}')]


def _nothing_more(s: Script) -> list[Check]:
    return [(source(f"{len(s.from_client)} messages"), _MESSAGES, f"len({_MESSAGES}) <= {len(s.from_client)}")]


def _pongs(s: Script) -> list[Check]:
    payload = next(step.args["payload"] for step in s.steps("client", "pong"))
    return [(source(payload), "peer.pongs", f"{source(payload)} in peer.pongs")]


_ENDED = _one('"the end of TCP"', 'peer.end or "it stays open"', "peer.end")
_FAILS = _one('"Close 1002 or 1007"', _CLOSED, "peer.close and peer.close[0] in (1002, 1007, 1009)")
_HAS_CLOSE = _one('"a Close frame"', _CLOSED, "peer.close")
_LOST = _one("1006", _CODE)

RULES: dict[str, Rule] = {
    "asgi.connect.first": _one('"websocket.connect"', f"{_EVENTS}[0]"),
    "asgi.accept.completes": _one("101", "peer.status"),
    "asgi.accept.subprotocol": _subprotocol,
    "asgi.accept.headers": _accept_headers("server"),
    "asgi.application.ends-connection": _ENDED,
    "asgi.application.error-ends-connection": _ENDED,
    "asgi.close.before-accept": _one("403", "peer.status"),
    "asgi.close.code": _closing(0),
    "asgi.close.default-code": _closing(0),
    "asgi.close.illegal-code": _one("", _CLOSED),
    "asgi.close.reason": _closing(1),
    "asgi.connect.handshake-waits": _one(
        '"no 101 without an accept"', "peer.status", 'peer.status != 101 or sent("websocket.accept")'
    ),
    "asgi.denial.body": _denial_body,
    "asgi.denial.chunks": _denial_body,
    "asgi.denial.closes": _ENDED,
    "asgi.denial.headers": _denial_headers,
    "asgi.denial.status": lambda s: [(source(s.denying["status"]), "peer.status", "")],
    "asgi.disconnect.after-own-close": _own_code,
    "asgi.disconnect.before-accept": _one("", 'received("websocket.disconnect")'),
    "asgi.disconnect.code": _client_code,
    "asgi.disconnect.code-type": _one('"an int"', _CODE, f"isinstance({_CODE}, int)"),
    "asgi.disconnect.default-code": _client_code,
    "asgi.disconnect.illegal-code": _one("", _CODE),
    "asgi.disconnect.lost-code": _LOST,
    "asgi.disconnect.reason": _client_reason,
    "asgi.disconnect.registered-code": _one("", _CODE),
    "asgi.disconnect.sent": _one(
        '"websocket.disconnect"', f"({_EVENTS} or [None])[-1]", 'received("websocket.disconnect")'
    ),
    "asgi.fragments.complete": _given_messages,
    "asgi.ping.handled": _one('"no ping, no pong"', _EVENTS, f"'.p' not in str({_EVENTS})"),
    "asgi.receive.after-accept": _one(
        '"messages only after the accept"',
        _EVENTS,
        f'"websocket.accept" in {_EVENTS}[:{_EVENTS}.index("websocket.receive")]',
    ),
    "asgi.receive.bytes": _given_messages,
    "asgi.receive.in-order": _given_messages,
    "asgi.receive.one-of": _one(
        '"one of text and bytes"',
        'received("websocket.receive")',
        'all((e.get("text") is None) != (e.get("bytes") is None) for e in received("websocket.receive"))',
    ),
    "asgi.receive.text": _given_messages,
    "asgi.scope.subprotocols": lambda s: [
        (source(list(s.opening["subprotocols"])), 'list(seen["scope"][0].get("subprotocols", []))', "")
    ],
    "asgi.send.after-disconnect": _one(
        '"a subclass of OSError"', _ERRORS, f"{_ERRORS} and all(isinstance(exc, OSError) for exc in {_ERRORS})"
    ),
    "asgi.send.after-disconnect-ignored": _one(
        '"a send that does nothing"', _ERRORS, f"all(isinstance(exc, OSError) for exc in {_ERRORS})"
    ),
    "asgi.send.bytes": _sent_messages,
    "asgi.send.in-order": _sent_messages,
    "asgi.send.text": _sent_messages,
    "rfc6455.close.body": _one(
        '"nothing, or a code and UTF-8"',
        _CLOSED,
        'not peer.close or (peer.close[2] != 1 and "\\\\x" not in peer.close[1])',
    ),
    "rfc6455.close.code-absent": _client_code,
    "rfc6455.close.code-lost": _LOST,
    "rfc6455.close.code-received": _client_code,
    "rfc6455.close.echo": _HAS_CLOSE,
    "rfc6455.close.echo-code": lambda s: [("", "peer.close and peer.close[0]", "")],
    "rfc6455.close.handshake": _HAS_CLOSE,
    "rfc6455.close.no-data-after": _one(
        '"no data behind the Close frame"',
        "peer.frames",
        "all(opcode > 2 for opcode, _ in peer.frames[[*peer.frames, (8, True)].index((8, True)) :])",
    ),
    "rfc6455.close.reason-received": _client_reason,
    "rfc6455.close.simultaneous": _ENDED,
    "rfc6455.close.started": _app_close,
    "rfc6455.close.tcp-clean": _one('"FIN"', "peer.end"),
    "rfc6455.close.tcp-closed": _ENDED,
    "rfc6455.close.tcp-first": _ENDED,
    "rfc6455.codes.client-only": _one("", _CLOSED),
    "rfc6455.codes.range": _one(
        '"a code from 1000 to 4999"',
        _CLOSED,
        "not peer.close or peer.close[0] is None or 1000 <= peer.close[0] <= 4999",
    ),
    "rfc6455.codes.reserved-not-sent": _one(
        '"no 1005, 1006, 1015"', _CLOSED, "not peer.close or peer.close[0] not in (1005, 1006, 1015)"
    ),
    "rfc6455.codes.unassigned": _one("", _CLOSED),
    "rfc6455.control.length": _one(
        '"at most 125 bytes"', "peer.close and peer.close[2]", "not peer.close or peer.close[2] <= 125"
    ),
    "rfc6455.control.received-illegal": _one("", _CLOSED),
    "rfc6455.control.unfragmented": _one(
        '"whole control frames"', "peer.frames", "all(fin for opcode, fin in peer.frames if opcode > 7)"
    ),
    "rfc6455.fail.close-frame": _FAILS,
    "rfc6455.fail.ends": _ENDED,
    "rfc6455.fail.no-further-data": _nothing_more,
    "rfc6455.fragments.control-between": _pongs,
    "rfc6455.fragments.reassembled": _given_messages,
    "rfc6455.frames.client-masked": _ENDED,
    "rfc6455.frames.reserved-bits": _ENDED,
    "rfc6455.frames.server-unmasked": _one("False", "peer.masked"),
    "rfc6455.frames.unknown-opcode": _ENDED,
    "rfc6455.handshake.accept": _one("None", "peer.problem"),
    "rfc6455.handshake.bad-request": _one('"the application is not called"', 'len(seen["scope"])', 'not seen["scope"]'),
    "rfc6455.handshake.extensions": _one("[]", _header("sec-websocket-extensions")),
    "rfc6455.handshake.no-subprotocol": _one("[]", _header("sec-websocket-protocol")),
    "rfc6455.handshake.subprotocol": _one("[]", _header("sec-websocket-protocol")),
    "rfc6455.ping.pong": _pongs,
    "rfc6455.utf8.fail": _ENDED,
    "starlette.accept.headers": _accept_headers("framework"),
    "starlette.accept.subprotocol": lambda s: [
        (source(s.accepting.get("subprotocol")), 'first(sent("websocket.accept"{at}), "subprotocol")', "")
    ],
    "starlette.close.code": _close_sent("code", '"none"'),
    "starlette.close.reason": _close_sent("reason", '""'),
    "starlette.denial.missing-extension": _raises("denial"),
    "starlette.denial.sent": _denial_sent,
    "starlette.disconnect.code": _disconnects("code"),
    "starlette.disconnect.raised": _disconnects(""),
    "starlette.disconnect.reason": _disconnects("reason"),
    "starlette.illegal.json-mode": _raises("mode"),
    "starlette.illegal.receive": _raises("receive"),
    "starlette.illegal.send": _raises("send"),
    "starlette.iter.ends": _returned,
    "starlette.receive.bytes": _returned,
    "starlette.receive.json": _returned,
    "starlette.receive.raw": lambda s: [
        ('(received("websocket.receive"{at}) or [None])[-1]', f"result.get({s.last})", "")
    ],
    "starlette.receive.text": _returned,
    "starlette.receive.wrong-type": lambda s: [("", f"result.get({s.last})", "")],
    "starlette.send.bytes": _sends("bytes"),
    "starlette.send.json": _sends_json,
    "starlette.send.lost": _send_lost,
    "starlette.send.raw": _sends_raw,
    "starlette.send.text": _sends("text"),
    "starlette.state.close": _lost_state,
    "starlette.state.receive-message": _states_after("CONNECTED", "CONNECTED"),
    "starlette.state.send-lost": _lost_state,
    "suite.middleware.transparent": _one(
        '[event for way, event in seen["server"] if way != "raised"]',
        '[event for way, event in seen["handler"] if way != "raised"]',
    ),
}
