"""A PostgreSQL that is there and says nothing, as when its machine is frozen, keeps no process from ending."""

import asyncio

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from enrichment.db import CLOSE_TIMEOUT_S, STATEMENT_TIMEOUT_S, Database
from enrichment.settings import Settings
from tests.faults.plan import Kind
from tests.faults.proxy import Proxy

POOL = 4


async def test_a_pool_is_closed_though_the_server_says_no_goodbye(settings: Settings) -> None:
    url = make_url(settings.database_url.get_secret_value())
    proxy = Proxy(lambda: (str(url.host), int(url.port or 5432)))
    await proxy.start()
    through = url.set(port=proxy.port).render_as_string(hide_password=False)
    changed = settings.model_copy(update={"database_url": SecretStr(through)})
    database = Database.connect(changed, application="tests", pool_size=POOL)
    await asyncio.gather(*(database.execute(text("SELECT pg_sleep(0.1)")) for _ in range(POOL)))
    await proxy.break_(Kind.STALL)

    began = asyncio.get_running_loop().time()
    await database.close()

    took = asyncio.get_running_loop().time() - began
    assert CLOSE_TIMEOUT_S <= took < STATEMENT_TIMEOUT_S, "the server was asked, and not by one after the other"
    await proxy.stop()
