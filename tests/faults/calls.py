"""Calling the API as a careful client does: an outcome that is unknown is asked for again."""

import asyncio
import time
from typing import Any

import httpx

from tests.faults.ledger import Ledger

TIMEOUT_S = 5.0
_AGAIN_S = 0.3
EXPECTED = {
    "submit": {202},
    "cancel": {200, 409},
    "retry": {202, 409},
    "read": {200},
}
"""Definite answers by call; 503 says that the outcome is unknown, and anything else is a fault of the product."""


class Caller:
    """Calls over one client, until `ends_at` on the monotonic clock."""

    def __init__(self, url: str, ledger: Ledger, ends_at: float) -> None:
        self._ledger = ledger
        self._ends_at = ends_at
        self.http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False, limits=httpx.Limits())

    async def close(self) -> None:
        await self.http.aclose()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._ends_at

    async def ask(self, call: str, method: str, path: str, **request: Any) -> httpx.Response | None:
        """The answer; None: unknown, because none came, or it said so."""
        try:
            answer = await self.http.request(method, path, **request)
        except httpx.HTTPError as error:
            self._ledger.answers[f"{call} {type(error).__name__}"] += 1
            return None
        self._ledger.answers[f"{call} {answer.status_code}"] += 1
        if answer.status_code in EXPECTED[call]:
            return answer
        if answer.status_code != 503:
            self._ledger.unexpected.append(f"{call} {path}: {answer.status_code} {answer.text[:200]}")
        return None

    async def insist(self, call: str, method: str, path: str, **request: Any) -> httpx.Response | None:
        """Asks until the outcome is known; None: the time was over before."""
        while not self.is_over:
            answer = await self.ask(call, method, path, **request)
            if answer is not None:
                return answer
            await asyncio.sleep(_AGAIN_S)
        self._ledger.unanswered.append(f"{call} {path}")
        return None
