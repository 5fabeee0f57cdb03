"""Serves an ASGI application as the product serves its own: `python -m benchmarks.peers.serve MODULE:APP PORT`."""

import socket
import sys

import uvicorn


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write("READY\n")
        sys.stdout.flush()


def main(app: str, port: int) -> None:
    Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
        )
    ).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
