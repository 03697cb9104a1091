"""RFC 6455 section 5.2 frames as they travel: written legal or not, read without judging what was read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..values import observed

OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def opcode_name(opcode: int) -> str:
    """The frame type's name, ``0x3`` for one that is reserved."""
    return OPCODES.get(opcode, hex(opcode))


def masked_with(key: bytes, payload: bytes) -> bytes:
    """A payload masked (or unmasked) with a key, RFC 6455 section 5.3."""
    if not payload:
        return b""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")


def serialize(opcode: int, payload: bytes, *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """One frame from a client, exactly as asked: nothing is refused and nothing mended."""
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    size, flag = len(payload), 0x80 if masked else 0
    if size < 126:
        head = bytes((first, flag | size))
    elif size < 65536:
        head = bytes((first, flag | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, flag | 127)) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + masked_with(key, payload)


def close_payload(code: int | None, reason: str | bytes | None) -> bytes:
    """The body of a Close frame; ``code`` modulo 2**16, no body at all without one (section 5.5.1)."""
    if code is None:
        return b""
    text = reason.encode("utf-8") if isinstance(reason, str) else (reason or b"")
    return (code & 0xFFFF).to_bytes(2, "big") + text


def describe(opcode: int, payload: bytes, fin: bool, rsv: int = 0, masked: bool | None = None) -> dict[str, Any]:
    """A frame as an observation; of a Close the code and the reason are read out where they can be."""
    data: dict[str, Any] = {"opcode": opcode_name(opcode), "fin": fin}
    if opcode == TEXT and fin:
        try:
            data["payload"] = observed(payload.decode("utf-8"))
        except UnicodeDecodeError:
            data["payload"] = observed(payload)
    else:
        data["payload"] = observed(payload)
    if rsv:
        data["rsv"] = rsv
    if masked is not None:
        data["masked"] = masked
    if opcode == CLOSE:
        data["code"] = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None
        data["reason"] = payload[2:].decode("utf-8", "backslashreplace")
        data["length"] = len(payload)
    return data


class FrameReader:
    """Splits a byte stream into frames, whatever they are."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes, bool, int, bool]]:
        """Yield each complete frame as ``(opcode, payload, fin, rsv, masked)``."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= 2:
            first, second = buffer[0], buffer[1]
            size, start = second & 0x7F, 2
            if size == 126:
                if len(buffer) < 4:
                    return
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            elif size == 127:
                if len(buffer) < 10:
                    return
                size, start = int.from_bytes(buffer[2:10], "big"), 10
            masked = bool(second & 0x80)
            if masked:
                start += 4
            if len(buffer) < start + size:
                return
            payload = bytes(buffer[start : start + size])
            if masked:
                payload = masked_with(bytes(buffer[start - 4 : start]), payload)
            del buffer[: start + size]
            yield first & 0x0F, payload, bool(first & 0x80), (first >> 4) & 0x07, masked

    @property
    def incomplete(self) -> int:
        """How many bytes of an unfinished frame are waiting."""
        return len(self._buffer)
