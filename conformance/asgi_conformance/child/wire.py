"""The child's half of the wire format in PROTOCOL.md: values, exceptions, and the two pipes."""

from __future__ import annotations

import binascii
import fcntl
import hashlib
import json
import os
import resource
import threading
import time
from collections import deque
from typing import Any, Callable, Dict, List, Optional

LONG = 512
# Kept from before the target was imported: a target may patch the json module for itself.
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=repr).encode
_loads = json.JSONDecoder().decode
_write = os.write
_read = os.read
_getpid = os.getpid
_get_ident = threading.get_ident
_monotonic_ns = time.monotonic_ns


def now_us() -> int:
    """The monotonic clock in microseconds; the suite's process reads the same one."""
    return _monotonic_ns() // 1000


_PLAIN = frozenset((int, bool, float, type(None)))


def encode(value: Any) -> Any:
    """A value as PROTOCOL.md writes it; never raises."""
    kind = type(value)
    if kind is str:
        if len(value) <= LONG:
            return value
        data = value.encode("utf-8", "surrogatepass")
        return {"$": "text", "len": len(value), "sha256": hashlib.sha256(data).hexdigest()}
    if kind is int or kind is bool or value is None or kind is float:
        return value
    if kind is bytes or kind is bytearray or kind is memoryview:
        data = bytes(value)
        if len(data) <= LONG:
            return {"$": "bytes", "hex": binascii.hexlify(data).decode("ascii")}
        return {"$": "bytes", "len": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if kind is dict:
        # Most values are plain: a call for each would cost more than the encoding.
        return {
            key if type(key) is str else str(_without_subclass(key)): item
            if (type(item) in _PLAIN or (type(item) is str and len(item) <= LONG))
            else encode(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [encode(item) for item in value]
    plain = _without_subclass(value)
    if plain is not value:
        return encode(plain)
    return {"$": "object", "type": kind.__module__ + "." + kind.__qualname__, "repr": _repr(value)}


def _without_subclass(value: Any) -> Any:
    """An instance of a subclass (an enumeration's member, a marked string) as the plain value that it is."""
    # The base's own methods: a subclass may have changed what its str() or bytes() give.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return b"".join((value,))
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, dict):
        return dict(dict.items(value))
    if isinstance(value, (list, tuple)):
        return list(value)
    return value


def _repr(value: Any) -> str:
    try:
        return repr(value)[:LONG]
    except Exception as exc:
        return "<repr raised {}>".format(type(exc).__name__)


def decode(value: Any) -> Any:
    """The inverse of the suite's encoding of script values."""
    if isinstance(value, dict):
        kind = value.get("$")
        if kind == "bytes":
            return binascii.unhexlify(value["hex"])
        if kind == "repeat":
            return decode(value["unit"]) * value["times"]
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def describe_exception(exc: BaseException) -> Dict[str, Any]:
    """An exception as data: its type, its bases, its text, and ``code`` and ``reason`` where it has them."""
    kind = type(exc)
    try:
        message = str(exc)[:LONG]
    except Exception:
        message = ""
    out: Dict[str, Any] = {
        "type": kind.__module__ + "." + kind.__qualname__,
        "mro": [base.__name__ for base in kind.__mro__[:-1]],
        "message": message,
    }
    for name in ("code", "reason"):
        if name in getattr(exc, "__dict__", {}):
            out[name] = encode(exc.__dict__[name])
    frame = exc.__traceback__
    if frame is not None:
        while frame.tb_next is not None:
            frame = frame.tb_next
        out["at"] = "{}:{}".format(frame.tb_frame.f_code.co_filename, frame.tb_lineno)
    return out


def out_of_reach(fd: int) -> int:
    """The same pipe under a high number: a target may print to a low one, or close it, or hand it on."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lowest = min(limit if limit != resource.RLIM_INFINITY else 1024, 1024) - 64
    try:
        moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
    except (OSError, ValueError):
        os.set_inheritable(fd, False)
        return fd
    os.close(fd)
    return moved


class Channel:
    """The observation pipe: what is put in during one tick of the loop leaves as one line.

    Each line begins with a line end too, so that what a target writes into the pipe spoils no line of ours.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pending: "deque[Any]" = deque()
        self._lock = threading.Lock()
        self._schedule: Optional[Callable[..., Any]] = None
        self._scheduled = False
        self.pid = _getpid()

    def bind(self, loop: Any) -> None:
        """From now on records leave once a tick of this loop; call it on the loop's own thread."""
        self._thread = _get_ident()
        self._threadsafe = loop.call_soon_threadsafe
        self._schedule = loop.call_soon

    def observe(self, run_id: str, boundary: str, kind: str, data: Dict[str, Any]) -> None:
        """Put in one observation, made now."""
        self._pending.append((run_id, _monotonic_ns() // 1000, boundary, kind, data))
        if not self._scheduled and self._schedule is not None:
            self._scheduled = True
            try:
                if _get_ident() == self._thread:
                    self._schedule(self.flush)
                else:
                    self._threadsafe(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self) -> None:
        """Write what has been put in so far."""
        self._scheduled = False
        batch = []
        pending = self._pending
        while pending:
            try:
                batch.append(pending.popleft())
            except IndexError:
                break
        if batch:
            self.send({"o": batch})

    def send(self, message: Dict[str, Any]) -> None:
        """Write one line now. A forked copy of the process stays silent: the pipe is not its own."""
        if _getpid() != self.pid:
            return
        data = b"\n" + _dumps(message).encode("ascii") + b"\n"
        with self._lock:
            try:
                while data:
                    data = data[_write(self._fd, data) :]
            except OSError:
                pass


class LineReader:
    """Splits what arrives on the control pipe into JSON messages."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._buffer = b""

    def read_first(self) -> Dict[str, Any]:
        """Block until the first line (the configuration) is there."""
        while b"\n" not in self._buffer:
            chunk = _read(self.fd, 65536)
            if not chunk:
                raise EOFError("the control pipe ended before the configuration")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: Dict[str, Any] = _loads(line.decode("ascii"))
        return message

    def take(self) -> List[Dict[str, Any]]:
        """The messages that are complete now; call it when the pipe is readable."""
        chunk = _read(self.fd, 1 << 16)
        lines = (self._buffer + chunk).split(b"\n")
        self._buffer = lines.pop()
        return [_loads(line.decode("ascii")) for line in lines]
