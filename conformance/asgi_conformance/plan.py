"""What the user asked for, and the command that asks for it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .model import Case, ServerInfo
from .settings import Settings

if TYPE_CHECKING:
    from .baseline import Entry

# The pseudo-server: Starlette's TestClient, in the place of a server and a wire.
TESTCLIENT = "testclient"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user asked for: the target, how it is launched, and the settings.

    ``several``: this server is one of several in the same session, and so named in node ids.
    ``accepted`` are the entries of the user's baseline that have not expired. ``tls`` and ``unix`` say what lies below
    HTTP.
    """

    target: str
    app_dir: str
    factory: bool = False
    python: str = ""
    server: str = "uvicorn"
    ws: str = "auto"
    settings: Settings = Settings()  # noqa: RUF009  (frozen)
    arguments: tuple[str, ...] = ()
    several: bool = False
    accepted: tuple[Entry, ...] = ()
    tls: bool = False
    unix: bool = False

    def accepting(self, server: ServerInfo, framework: Mapping[str, Any]) -> tuple[Entry, ...]:
        """The entries of the user's baseline that count under a server, and with what the target uses."""
        if not self.accepted:
            return ()
        from .baseline import products

        return tuple(entry for entry in self.accepted if entry.applies(server, products(framework)))

    def node_name(self, case: Case) -> str:
        """A case's name among pytest's items: its id, and where there are several servers, the server in it."""
        if not self.several:
            return case.full_id
        return f"{case.id}[{case.row}@{self.server_id}]"

    def reproduce(self, case: Case) -> str:
        """The command that runs one case again."""
        words = [_quoted(word) for word in self.arguments or (f"--target={self.target}",)]
        return " ".join(["pytest", *words, _quoted(f"--case={case.full_id}")])

    @property
    def beneath(self) -> str:
        """What lies below HTTP, where that is not plain TCP, behind the name of what speaks it: ``+tls+unix``."""
        return "+tls" * self.tls + "+unix" * self.unix

    @property
    def server_id(self) -> str:
        """The server's name in node ids: ``uvicorn-wsproto``."""
        return self.server if self.ws == "auto" else f"{self.server}-{self.ws}"


def _quoted(option: str) -> str:
    """An option for a shell; only its value is put in quotes, which reads better."""
    name, given, value = option.partition("=")
    return name + given + (shlex.quote(value) if given else "")
