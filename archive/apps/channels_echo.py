"""An echo as a consumer of Django Channels."""

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

if not settings.configured:
    settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="archive")


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data=None, bytes_data=None):  # type: ignore[no-untyped-def]
        await self.send(text_data=text_data, bytes_data=bytes_data)


app = ProtocolTypeRouter({"websocket": URLRouter([path("echo", Echo.as_asgi())])})
