"""The bare probe: the app lane on plain ASGI events, without any framework. It is the control of every probe case."""

from __future__ import annotations

import json
from typing import Any, Dict

from .lane import Failed, perform
from .recorder import current_run


class BareConnection:
    """The operations of the app lane, each as the ASGI events that it stands for (ASGI WebSocket specification)."""

    def __init__(self, receive: Any, send: Any) -> None:
        self._receive = receive
        self._send = send
        self._connected = False

    def states(self) -> Dict[str, Any]:
        """A bare connection has no states."""
        return {}

    async def perform(self, op: str, args: Dict[str, Any]) -> Any:
        """Do one operation; raises what receive and send raise."""
        method = getattr(self, "do_" + op, None)
        if method is None:
            raise Failed("the bare probe has no operation " + op)
        return await method(**args)

    async def do_accept(self, subprotocol: Any = None, headers: Any = None) -> None:
        if not self._connected:
            await self.do_receive()
        event = {"type": "websocket.accept", "subprotocol": subprotocol, "headers": [tuple(h) for h in headers or ()]}
        await self._send(event)

    async def do_receive(self) -> Any:
        event = await self._receive()
        self._connected = True
        return event

    async def do_receive_text(self) -> Any:
        return await self.do_receive()

    async def do_receive_bytes(self) -> Any:
        return await self.do_receive()

    async def do_receive_json(self, mode: str = "text") -> Any:
        return await self.do_receive()

    async def do_iterate(self, kind: str, limit: int = 0) -> Any:
        seen = 0
        while True:
            event = await self.do_receive()
            if event["type"] == "websocket.disconnect":
                return event
            seen += 1
            if limit and seen >= limit:
                return event

    async def do_send_text(self, data: str) -> None:
        await self._send({"type": "websocket.send", "text": data})

    async def do_send_bytes(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})

    async def do_send_json(self, data: Any, mode: str = "text") -> None:
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        if mode == "text":
            await self._send({"type": "websocket.send", "text": text})
        else:
            await self._send({"type": "websocket.send", "bytes": text.encode()})

    async def do_close(self, code: Any = 1000, reason: Any = None) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason or ""})

    async def do_deny(self, status: int, headers: Any = (), chunks: Any = (b"",)) -> None:
        raw = [(bytes(name), bytes(value)) for name, value in headers]
        await self._send({"type": "websocket.http.response.start", "status": status, "headers": raw})
        for index, chunk in enumerate(chunks):
            more = index < len(chunks) - 1
            await self._send({"type": "websocket.http.response.body", "body": chunk, "more_body": more})

    async def do_send(self, message: Dict[str, Any]) -> None:
        await self._send(message)


async def bare_probe(scope: Any, receive: Any, send: Any) -> None:
    """Perform the app lane of the connection's run on plain ASGI events."""
    run = current_run.get()
    if run is not None:
        await perform(run, BareConnection(receive, send))
