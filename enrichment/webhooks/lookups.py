"""Names are looked up in threads of their own, which nobody waits for.

A name server that does not answer keeps a thread for longer than anybody waits for the answer. In the event loop's own
threads, those of twenty webhooks would stop all that the process computes, and its exit.
"""

import asyncio
import contextlib
import ipaddress
import socket
import threading

from enrichment.hosts import Address

AT_ONCE = 4
TIMEOUT_S = 3.0
"""Also for the turn: behind names that nobody answers for, others fail soon, and are tried again."""


class Lookups:
    """The `Resolver` that asks the system."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, host: str, port: int) -> list[Address]:
        """The addresses behind a name, each once.

        Raises:
            OSError: there are none, or nobody answers.
        """
        async with asyncio.timeout(TIMEOUT_S):
            await self._free.acquire()
            return await self._begun(host, port)

    def _begun(self, host: str, port: int) -> asyncio.Future[list[Address]]:
        """What a thread finds. Its turn ends when it does, also where nobody waits for it any more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()

        def tell(found: list[Address] | Exception) -> None:
            self._free.release()
            if answer.done():
                return
            if isinstance(found, Exception):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def look() -> None:
            found: list[Address] | Exception
            try:
                found = _look_up(host, port)
            except Exception as error:  # it belongs to who waits: UnicodeError, for one
                found = error
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(tell, found)

        try:
            threading.Thread(target=look, name="lookup", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads now
            tell(OSError(str(error)))
        return answer


def _look_up(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    written = dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found)
    return [ipaddress.ip_address(address) for address in written]
