"""The API's composition root: everything it uses is made here, and closed here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from api import metrics
from api.access import Gate, enter
from api.cross_origin import CrossOrigin
from api.express import Express
from api.load import Shedder
from api.middleware import HeadAsGet, Headers, LastResort, Limits
from api.openapi import Documented
from api.overview import Overviews
from api.parameters import plain_parameters
from api.problems import Handlers
from api.routes import ROUTERS
from api.routes.codec import Codec
from enrichment.access.keyring import Keyring
from enrichment.access.limits import RequestLimit
from enrichment.access.secret import pepper
from enrichment.access.sessions import Sessions
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings

_DESCRIPTION = """Background jobs that enrich candidates' data: submit, follow, steer, read.

Failures are `application/problem+json` with a stable `code`."""
_NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)
"""FastAPI's own would put addresses and refused input, which is candidates' data, where traces and logs go."""


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. It connects to nothing before the first request needs it.

    `app.state.stopping`, an event, ends the open streams; `api.server` sets it when the server stops.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            await EnrichmentQueue.connect(settings, application="enrichment-api", is_walled=True) as queue,
            _gate(settings) as gate,
        ):
            app.state.queue = queue
            app.state.gate = gate
            yield

    app = Documented(
        title="Enrichment jobs",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # `routes.docs` has it, where the settings want it
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
        dependencies=[Depends(enter), Depends(plain_parameters)],
        middleware=[
            Middleware(HeadAsGet),
            Middleware(Headers),
            Middleware(CrossOrigin, settings=settings),
            Middleware(LastResort),
            Middleware(Shedder, most=settings.max_requests),
            Middleware(Limits),
            Middleware(Express),
        ],
    )
    app.state.settings = settings
    app.state.codec = _codec(settings)
    app.state.stopping = asyncio.Event()
    app.state.overviews = Overviews()
    app.state.process_metrics = metrics.new_process_registry()
    own = [*app.routes]  # where the document is
    for router in ROUTERS:
        app.include_router(router)
    Handlers([*own, *(route for router in ROUTERS for route in router.routes)]).register(app)
    return app


@asynccontextmanager
async def _gate(settings: Settings) -> AsyncIterator[Gate]:
    """Without a pepper there are no keys: the gate then knows this machine only."""
    async with AsyncExitStack() as stack:
        keyring = sessions = None
        if settings.key_pepper is not None or settings.api_keys_required:
            keyring = Keyring.connect(settings, application="enrichment-api keys")
            stack.push_async_callback(keyring.close)
            sessions = Sessions(pepper(settings))
        limit = RequestLimit.connect(settings)
        if limit is not None:
            stack.push_async_callback(limit.close)
        yield Gate(settings, keyring, sessions, limit)


def _codec(settings: Settings) -> Codec | None:
    if settings.temporal_keys is None:
        return None
    from api import codec

    return codec.codec(settings)


def _version() -> str:
    try:
        return version("enrichment-jobs")
    except PackageNotFoundError:
        return "0"  # run from a checkout that is not installed
