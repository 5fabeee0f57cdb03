"""When a model may be asked, for all workers together.

    closed   nobody knows whether it takes requests: one asks, the others wait for what becomes of it
    open     it has begun to answer: everybody asks
    cooling  it has asked for a pause: nobody asks until that is over, then it is closed

So a limit costs one request, however many jobs there are, and after a pause one asker finds out for all. Redis holds
the state; without it, each worker goes by what it has seen itself.
"""

import time
from dataclasses import dataclass

from redis.asyncio import Redis

from enrichment.breaker import Breaker
from enrichment.events import LIMITS_LOST
from enrichment.redis import Circuit

OPEN_S = 15
"""How long a model counts as open since it last began to answer: after a quiet moment one asks before the others."""
ONE_ASKS_S = 3.0
"""How long the others wait for the one who asks; after that, another one may."""

MAY_ASK = 0.0
SOMEBODY_ASKS = -1.0

_ENTER = """
local cooling = redis.call('PTTL', KEYS[1])
if cooling > 0 then return cooling end
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[1]) then return 0 end
return -1
"""
_COOL = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
redis.call('DEL', KEYS[2], KEYS[3])
return 0
"""


@dataclass(slots=True)
class _Seen:
    """What this worker has seen of a model, as times of the monotonic clock."""

    cool_until: float = 0.0
    open_until: float = 0.0
    asked_until: float = 0.0


class Cooldown:
    """The state of one model. Nothing here raises, and nothing waits longer than half a second for Redis."""

    def __init__(self, redis: "Redis", model: str, breaker: Breaker) -> None:
        self._redis = redis
        self._keys = [f"enrichment:model:{model}:{state}" for state in ("cooling", "open", "asked")]
        self._enter = redis.register_script(_ENTER)
        self._cool = redis.register_script(_COOL)
        self._circuit = Circuit(redis, LIMITS_LOST, "Redis is away; each worker keeps the limits alone", breaker)
        self._seen = _Seen()

    async def enter(self) -> float:
        """`MAY_ASK`, `SOMEBODY_ASKS`, or the seconds until the pause is over."""
        answer = await self._circuit.call(lambda: self._enter(keys=self._keys, args=[int(ONE_ASKS_S * 1000)]))
        if answer is None:
            return self._enter_alone()
        if answer == MAY_ASK:
            self._seen.asked_until = time.monotonic() + ONE_ASKS_S  # should Redis be away when the next one comes
        return float(answer) / 1000 if answer > 0 else float(answer)

    async def opened(self) -> None:
        """The model has begun to answer."""
        now = time.monotonic()
        if self._seen.open_until - now > OPEN_S - 1 and not self._circuit.breaker.is_open:
            return  # told a moment ago
        self._seen = _Seen(open_until=now + OPEN_S)
        await self._circuit.call(lambda: self._redis.set(self._keys[1], "1", ex=OPEN_S))

    async def cool(self, seconds: float) -> None:
        """The model asks for a pause. A longer one that is known stands."""
        now = time.monotonic()
        self._seen = _Seen(cool_until=max(self._seen.cool_until, now + seconds))
        await self._circuit.call(lambda: self._cool(keys=self._keys, args=[max(int(seconds * 1000), 1)]))

    async def failed(self) -> None:
        """The request has failed in another way: the next one may find out."""
        self._seen.asked_until = 0.0
        await self._circuit.call(lambda: self._redis.delete(self._keys[2]))

    def _enter_alone(self) -> float:
        now, seen = time.monotonic(), self._seen
        if seen.cool_until > now:
            return seen.cool_until - now
        if seen.open_until > now:
            return MAY_ASK
        if seen.asked_until > now:
            return SOMEBODY_ASKS
        seen.asked_until = now + ONE_ASKS_S
        return MAY_ASK
