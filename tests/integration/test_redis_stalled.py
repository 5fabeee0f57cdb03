"""A Redis that takes connections and never answers, as a frozen one does: what waits for it, and for how long.

How long is measured on a clock that only waiting moves, so a busy machine does not decide. Of many at once the bounds
are what waits one after another would far exceed.
"""

import asyncio
import selectors
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from enrichment import feed as feeds
from enrichment import snapshots
from enrichment.access.limits import RequestLimit
from enrichment.breaker import Breaker
from enrichment.enrichers.llm.cooldown import Cooldown
from enrichment.enrichers.llm.rates import Rates
from enrichment.events import PROGRESS_LOST
from enrichment.feed import Feed
from enrichment.models import Progress
from enrichment.redis import REST_S, TIMEOUT_S, Circuit, redis_client
from enrichment.settings import Settings
from enrichment.snapshots import ProgressStore

MANY = 40
AT_MOST_S = MANY * TIMEOUT_S / 4
RUNNING = Progress(percentage=10, stage="started", message="Started")


@asynccontextmanager
async def silent_redis() -> AsyncIterator[Settings]:
    connected: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    yield Settings(_env_file=None, redis_url=SecretStr(url), rate_limit="9/second", model_rpm=9)
    server.close()
    for writer in connected:
        writer.close()


@pytest.fixture
async def stalled() -> AsyncIterator[Settings]:
    async with silent_redis() as settings:
        yield settings


class _Impatient(selectors.DefaultSelector):
    def __init__(self, loop: "JumpingLoop") -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self._loop.waited_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that does not wait: its clock jumps to what is due next, when nothing else is there to be done."""

    def __init__(self) -> None:
        self.waited_s = 0.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return self.waited_s


Call = Callable[[], Awaitable[object]]


def _reporting(settings: Settings) -> Call:
    store = ProgressStore.connect(settings)
    return lambda: store.report("job", 1, RUNNING)


def _reading(settings: Settings) -> Call:
    store = ProgressStore.connect(settings)
    return lambda: store.read(["job"])


def _deleting(settings: Settings) -> Call:
    store = ProgressStore.connect(settings)
    return lambda: store.delete(["job"])


def _following(settings: Settings) -> Call:
    feed = Feed(redis_client(settings))

    async def first_look() -> None:
        async with aclosing(feed.follow("job")) as changes:
            await anext(changes)

    return first_look


def _limiting(settings: Settings) -> Call:
    limit = RequestLimit.connect(settings)
    assert limit is not None
    return lambda: limit.take("caller")


def _entering(settings: Settings) -> Call:
    return Cooldown(redis_client(settings), "model", Breaker(REST_S)).enter


def _rating(settings: Settings) -> Call:
    rates = Rates(settings, "model", Breaker(REST_S))
    return lambda: rates.wait_s(100)


@pytest.mark.parametrize("calling", [_reporting, _reading, _deleting, _following, _limiting, _entering, _rating])
def test_nothing_waits_longer_than_half_a_second(calling: Callable[[Settings], Call]) -> None:
    loop = JumpingLoop()

    async def waited() -> list[float]:
        async with silent_redis() as settings:
            call, times = calling(settings), [loop.time()]
            for _ in range(2):
                await call()
                times.append(loop.time())
            return [round(after - before, 3) for before, after in pairwise(times)]

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        first, second = runner.run(waited())
    assert 0 < first <= TIMEOUT_S
    assert second == 0 or calling is _following, "it is not asked again so soon; a new follower asks again"
    assert second <= TIMEOUT_S


async def test_writers_and_readers_wait_once_and_then_not_at_all(stalled: Settings) -> None:
    store = ProgressStore.connect(stalled)
    began_at = time.monotonic()
    for number in range(MANY):
        await store.report(f"job-{number}", 1, RUNNING)
        assert await store.read([f"job-{number}"]) is None
    assert time.monotonic() - began_at < AT_MOST_S
    await store.close()


async def test_calls_that_are_refused_again_and_again_are_told_of_once(
    stalled: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    circuit = Circuit(redis_client(stalled), PROGRESS_LOST, "Redis does not answer", Breaker(0))

    async def refused() -> None:
        raise ConnectionRefusedError

    for _ in range(3):
        await circuit.call(refused)
    assert [vars(record)["event"] for record in caplog.records] == ["progress_lost"]


async def test_all_the_steps_of_a_call_are_one_wait(stalled: Settings) -> None:
    """The client's own limits are for each step of a call: connecting, greeting, naming itself, asking."""
    redis = redis_client(stalled)
    redis.connection_pool.connection_kwargs |= {"socket_timeout": 60, "socket_connect_timeout": 60}
    store = ProgressStore(redis)
    async with asyncio.timeout(30):
        assert await store.read(["job"]) is None
    await store.close()


async def test_followers_of_many_jobs_do_not_wait_one_behind_the_other(stalled: Settings) -> None:
    feed = Feed(redis_client(stalled))

    async def first_look(job_id: str) -> None:
        async with aclosing(feed.follow(job_id)) as changes:
            await anext(changes)

    began_at = time.monotonic()
    await asyncio.gather(*(first_look(f"job-{number}") for number in range(MANY)))
    assert time.monotonic() - began_at < AT_MOST_S
    await feed.close()


async def test_a_listener_that_was_cut_off_subscribes_anew_even_where_redis_first_says_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its followers would hear of changes by looking at the row alone, for as long as the process lives."""
    monkeypatch.setattr(feeds, "WAKE_EVERY_S", 0.05)
    url = urlsplit(settings.redis_url.get_secret_value())
    met: list[asyncio.StreamWriter] = []
    met_thrice = asyncio.Event()

    async def answer_all_but_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer)
        if len(met) == 2:
            return
        if len(met) == 3:
            met_thrice.set()
        answers, asks = await asyncio.open_connection(url.hostname, url.port)
        await asyncio.gather(_pass_on(reader, asks), _pass_on(answers, writer))

    server = await asyncio.start_server(answer_all_but_the_second, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = SecretStr(url._replace(netloc=f":{url.password}@127.0.0.1:{port}").geturl())
    redis = redis_client(settings)
    feed = Feed(redis_client(settings.model_copy(update={"redis_url": through})))
    async with asyncio.timeout(30), aclosing(feed.follow("cut-off")) as changes:
        await anext(changes)
        met[0].close()
        await met_thrice.wait()
        while await redis.pubsub_numsub(key := snapshots.key("cut-off")) != [(key, 1)]:
            await asyncio.sleep(0.01)
    await feed.close()
    await redis.aclose()
    server.close()
    for writer in met:
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
    writer.close()
