"""Records one invented exchange through all boundaries, in the words of a real trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sample_data import BOUNDARIES

from asgi_conformance.model import Observation, Trace


class Recorder:
    """Collects the observations of one invented exchange through all boundaries."""

    def __init__(self, path: str = "/__conformance__/probe/1", rewrite: int | None = None) -> None:
        self.seen: list[Observation] = []
        self.at = 0
        self.rewrite = rewrite
        self.path = path

    def note(self, boundary: str, kind: str, /, **data: Any) -> None:
        self.at += 37 + 13 * (len(self.seen) % 7)
        self.seen.append(Observation(self.at, boundary, kind, data))

    def enter(self) -> None:
        headers = [
            ["host", "127.0.0.1:41234"],
            ["upgrade", "websocket"],
            ["connection", "Upgrade"],
            ["sec-websocket-key", "kGY2mT6mB4mP6h0WcJ6n0A=="],
            ["sec-websocket-version", "13"],
        ]
        self.note("wire", "connect")
        self.note("wire", "request", path=self.path, headers=headers)
        for boundary in BOUNDARIES:
            self.note(boundary, "enter", spec_version="2.4", extensions=["websocket.http.response"])

    def receive(self, event: Mapping[str, Any]) -> None:
        for boundary in BOUNDARIES:
            if boundary != "outer" and boundary != "asgi:1" and self.rewrite and "code" in event:
                event = {**event, "code": self.rewrite}
            self.note(boundary, "receive", event=dict(event))

    def send(self, event: Mapping[str, Any]) -> None:
        for boundary in reversed(BOUNDARIES):
            self.note(boundary, "send", event=dict(event))

    def accepted(self) -> None:
        self.note("client", "step", step=0, op="opens")
        self.enter()
        self.receive({"type": "websocket.connect"})
        self.note("framework", "state", object="websocket", attribute="client_state", old=0, new=1, step=1)
        self.send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        self.note(
            "wire",
            "response",
            status=101,
            headers=[["upgrade", "websocket"], ["sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]],
            body="",
        )
        self.note("inner", "sent")
        self.note("framework", "state", object="websocket", attribute="application_state", old=0, new=1, step=1)
        self.note("app", "op", step=1, op="accept", args={}, returned=None, client_state=1, application_state=1)

    def client_closes(self, code: int, reason: str) -> None:
        self.note("client", "step", step=2, op="closes")
        self.note(
            "wire",
            "sent",
            opcode="close",
            fin=True,
            payload={"$": "bytes", "hex": code.to_bytes(2).hex() + reason.encode("utf-8", "surrogatepass").hex()},
            code=code,
            reason=reason,
        )
        self.note(
            "wire",
            "received",
            opcode="close",
            fin=True,
            payload={"$": "bytes", "hex": code.to_bytes(2).hex()},
            code=code,
            reason="",
        )
        self.receive({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.note("framework", "state", object="websocket", attribute="client_state", old=1, new=2, step=3)
        exc = {
            "type": "starlette.websockets.WebSocketDisconnect",
            "mro": ["WebSocketDisconnect", "Exception"],
            "message": f"({self.rewrite or code}, {reason!r})",
            "code": self.rewrite or code,
            "reason": reason,
        }
        self.note("framework", "raised", exc=exc, caller="_raise_on_disconnect")
        self.note("app", "op", step=3, op="receive_text", args={}, raised=exc, client_state=2, application_state=1)
        self.ends()

    def app_closes(self, code: int, reason: str, arrived: int | None) -> None:
        self.send({"type": "websocket.close", "code": code, "reason": reason})
        self.note("framework", "state", object="websocket", attribute="application_state", old=1, new=2, step=3)
        if arrived is None:
            self.note("wire", "received.eof")
        else:
            self.note(
                "wire",
                "received",
                opcode="close",
                fin=True,
                payload={"$": "bytes", "hex": ""},
                code=arrived,
                reason=reason,
            )
        self.note(
            "app",
            "op",
            step=3,
            op="close",
            args={"code": code, "reason": reason},
            returned=None,
            client_state=1,
            application_state=2,
        )
        self.ends()

    def message(self, text: str) -> None:
        self.note("wire", "sent", opcode="text", fin=True, payload=text)
        self.receive({"type": "websocket.receive", "text": text})
        self.note("app", "op", step=2, op="receive_text", args={}, returned=text, client_state=1, application_state=1)
        self.send({"type": "websocket.send", "text": text})
        self.note("wire", "received", opcode="text", fin=True, payload=text)

    def ends(self) -> None:
        self.note("app", "exit")
        for boundary in reversed(BOUNDARIES):
            self.note(boundary, "exit", outcome="returned")
        self.note("wire", "received.eof")

    def trace(self) -> Trace:
        return Trace(tuple(self.seen))
