"""An endpoint on loopback that speaks WebSocket by hand, and breaks one rule where it is told to."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import threading
from collections.abc import Iterator
from typing import Any

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


# What is answered to a Close frame instead of the same.
CLOSES = {
    "reserved code": (1005).to_bytes(2, "big"),
    "code out of range": (999).to_bytes(2, "big"),
    "another code": (3999).to_bytes(2, "big"),
    "half a code": b"\x03",
    "no text": (1000).to_bytes(2, "big") + b"\xff",
    "long Close": (1000).to_bytes(2, "big") + b"x" * 124,
}


class Leave(Exception):
    """TCP ends now."""


class Endpoint:
    """One server with one fault, '' for none."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.served = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.served += 1
        self.writers.append(writer)
        with contextlib.suppress(Leave, OSError, asyncio.IncompleteReadError):
            if self.fault in WITHOUT_HTTP:
                await WITHOUT_HTTP[self.fault](reader, writer)
            elif await self.shakes_hands(reader, writer):
                await self.talks(reader, writer)
        writer.close()

    async def shakes_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
        if headers["sec-websocket-version"] != "13" and self.fault != "any version":
            named = "" if self.fault == "version not named" else "Sec-WebSocket-Version: 13\r\n"
            writer.write(f"HTTP/1.1 426 Upgrade Required\r\n{named}Content-Length: 0\r\n\r\n".encode())
            return False
        if self.fault == "refuses later" and self.served > 1:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return False
        accept = base64.b64encode(hashlib.sha1((headers["sec-websocket-key"] + GUID).encode()).digest()).decode()
        if self.fault == "wrong accept" or (self.fault == "wrong accept later" and self.served > 2):
            accept = "A" + accept[1:] if accept[0] != "A" else "B" + accept[1:]
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Accept: {accept}"]
        lines += ["Sec-WebSocket-Extensions: permessage-deflate"] if self.fault == "extension" else []
        lines += ["Sec-WebSocket-Protocol: chat"] if self.fault == "subprotocol" else []
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return True

    async def talks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(opcode: int, payload: bytes = b"") -> None:
            if self.fault == "masked":
                writer.write(bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
            elif len(payload) > 125:
                writer.write(bytes((0x80 | opcode, 126)) + len(payload).to_bytes(2, "big") + payload)
            else:
                final = 0 if self.fault == "fragment of a Close" and opcode == 8 else 0x80
                writer.write(bytes((final | opcode, len(payload))) + payload)

        if self.fault == "closes at once":
            send(8, (4000).to_bytes(2, "big"))
        if self.fault == "flood":
            while True:
                send(1, b"tick" * 20)
                await writer.drain()
        while True:
            opcode, payload, legal = await self.frame(reader)
            if opcode == 8:
                await self.closes(reader, send, payload)
            if not legal or opcode not in (0, 1, 2, 8, 9, 10):
                if self.fault == "takes anything":
                    continue
                if self.fault != "fails without a word":
                    send(8, (1002).to_bytes(2, "big"))
                raise Leave
            if opcode == 1 and self.fault not in ("takes anything", "drops messages"):
                await self.reads(send, payload)
            if opcode in (1, 2) and self.fault == "drops messages":
                raise Leave
            if opcode in (0, 1) and self.fault == "deaf between":
                self.fault = "deaf"
            if opcode == 9 and self.fault not in ("deaf", "takes nothing"):
                send(10, b"else" if self.fault == "another pong" else payload)

    async def reads(self, send: Any, payload: bytes) -> None:
        try:
            payload.decode()
        except UnicodeDecodeError:
            if self.fault != "fails without a word":
                send(8, (1007).to_bytes(2, "big"))
            raise Leave from None

    async def closes(self, reader: asyncio.StreamReader, send: Any, payload: bytes) -> None:
        if self.fault == "no answer":
            await reader.read()
        if self.fault == "no Close":
            raise Leave
        send(8, CLOSES.get(self.fault, payload))
        if self.fault == "data behind":
            send(1, b"late")
        if self.fault == "stays open":
            await reader.read()
        raise Leave

    async def frame(self, reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
        first, second = await reader.readexactly(2)
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        masked = bool(second & 0x80)
        key = await reader.readexactly(4) if masked else bytes(4)
        data = await reader.readexactly(size)
        payload = bytes(byte ^ key[place % 4] for place, byte in enumerate(data)) if size < 1000 else b""
        return first & 0x0F, payload, masked and not first & 0x70


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff SSH-2.0-not-http\r\n\r\n" * 20)
    await reader.read()


async def _endless_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 60_000 + b"\r\n")
        await writer.drain()


async def _endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 60_000)
        await writer.drain()


WITHOUT_HTTP = {"silent": _silent, "garbage": _garbage, "endless head": _endless_head, "endless body": _endless_body}


@contextlib.contextmanager
def serving(fault: str = "") -> Iterator[str]:
    """The URL of an endpoint that serves in a thread until the end of the block."""
    loop, endpoint = asyncio.new_event_loop(), Endpoint(fault)
    server = loop.run_until_complete(asyncio.start_server(endpoint, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        server.close()
        loop.run_until_complete(_ended(endpoint))
        loop.close()


async def _ended(endpoint: Endpoint) -> None:
    """Every connection is let go of, and whoever served one has ended."""
    for writer in endpoint.writers:
        writer.transport.abort()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
