"""What the user asked for, and the command that asks for it again."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from .model import Case
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user asked for: the target, how it is launched, and the settings."""

    target: str
    app_dir: str
    factory: bool = False
    python: str = ""
    server: str = "uvicorn"
    ws: str = "auto"
    settings: Settings = Settings()  # noqa: RUF009  (frozen)
    arguments: tuple[str, ...] = ()

    def reproduce(self, case: Case) -> str:
        """The command that runs one case again."""
        words = [_quoted(word) for word in self.arguments or (f"--target={self.target}",)]
        return " ".join(["pytest", *words, _quoted(f"--case={case.full_id}")])

    @property
    def server_id(self) -> str:
        """The server's name in node ids: ``uvicorn-wsproto``."""
        return self.server if self.ws == "auto" else f"{self.server}-{self.ws}"


def _quoted(option: str) -> str:
    """An option for a shell; only its value is put in quotes, which reads better."""
    name, given, value = option.partition("=")
    return name + given + (shlex.quote(value) if given else "")
