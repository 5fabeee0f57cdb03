"""uvicorn as we run it."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from api.connection import Connection
from enrichment import heap
from enrichment.events import API_READY
from enrichment.settings import Settings

GRACE_S = 5
"""For requests under way when the server stops; streams end at once."""

KEEP_ALIVE_S = 75
"""Longer than clients and proxies keep an idle connection: who closes first must be the one who sends next."""

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Tells the application that it stops: an open stream would hold uvicorn until its patience ends."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.api_host,
                port=settings.api_port,
                loop="uvloop",
                http=type("Bounded", (Connection,), {"most": settings.max_connections}),
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",  # its "Started server process" and the like; ours says that we serve
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        heap.settle()
        for server in self.servers if self.started else ():
            for bound in server.sockets:
                host, port = bound.getsockname()[:2]
                log.info("Serving http://%s:%s", host, port, extra=API_READY.fields())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.stopping.set()
        await super().shutdown(sockets)
