"""An ordinary Django Channels application: an echo, rooms, JSON, a feed behind a token, a router in a router."""

from __future__ import annotations

import hmac
import json
import os
import time
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    settings.configure(
        SECRET_KEY="for the examples alone",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "channels"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
        USE_TZ=True,
    )
    django.setup()

from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer, WebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

TOKEN = os.environ.get("FEED_TOKEN", "demo")


class Texts(AsyncWebsocketConsumer):
    """Understands text alone; a binary message is answered with 1003."""

    over = False

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.over:
            return
        if text_data is not None:
            await self.said(text_data)
        else:
            await self.end(1003, "text only")

    async def tell(self, text: str) -> None:
        """Send, unless the connection is over; disconnect() is still to be called then."""
        if not self.over:
            try:
                await self.send(text_data=text)
            except OSError:
                self.over = True

    async def end(self, code: int, reason: str) -> None:
        self.over = True
        await self.close(code, reason)

    async def said(self, text: str) -> None:
        raise NotImplementedError


class Echo(Texts):
    async def said(self, text: str) -> None:
        await self.tell(text)


class Room(Texts):
    async def connect(self) -> None:
        self.room = f"room.{self.scope['url_route']['kwargs']['number']}"
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def said(self, text: str) -> None:
        if len(text) > 4096:
            await self.end(1009, "too long for a room")
            return
        await self.channel_layer.group_send(self.room, {"type": "room.said", "text": text})

    async def room_said(self, event: dict[str, Any]) -> None:
        await self.tell(json.dumps({"said": event["text"]}))


class Kind(Texts):
    async def said(self, text: str) -> None:
        try:
            answer = {"kind": type(json.loads(text)).__name__}
        except (ValueError, RecursionError):
            answer = {"error": "this is not JSON"}
        await self.tell(json.dumps(answer))


class Feed(Texts):
    async def connect(self) -> None:
        given = dict(self.scope["headers"]).get(b"authorization", b"")
        if hmac.compare_digest(given, b"Bearer " + TOKEN.encode()):
            await self.accept()
        else:
            await self.close()

    async def said(self, text: str) -> None:
        await self.tell("nothing new")


class Clock(WebsocketConsumer):
    """A consumer of the kind that runs in a thread."""

    over = False

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            if not self.over:
                self.send(text_data=time.strftime("%H:%M:%S"))
        except OSError:
            self.over = True  # the client has gone


app = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": AllowedHostsOriginValidator(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        path("echo", Echo.as_asgi()),
                        path("rooms/<int:number>", Room.as_asgi()),
                        re_path(r"^kind/(?P<id>\w{3})/?$", Kind.as_asgi()),
                        path("feed", Feed.as_asgi()),
                        path("api/", URLRouter([path("clock", Clock.as_asgi())])),
                    ]
                )
            )
        ),
    }
)
