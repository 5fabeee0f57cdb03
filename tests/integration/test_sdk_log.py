"""What Temporal's SDK has to say is a line of our log, and says nothing that an answer of the server quotes."""

import asyncio
import json
import logging
from datetime import timedelta

import pytest
from temporalio.service import RPCError

from enrichment import temporal
from enrichment.events import JsonFormatter
from enrichment.settings import Settings
from tests.faults.plan import Kind
from tests.faults.proxy import Proxy


async def test_its_warnings_are_lines_like_all_others(
    settings: Settings, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    host, _, port = settings.temporal_address.rpartition(":")
    proxy = Proxy(lambda: (host, int(port)))
    await proxy.start()
    client = await temporal.connect(settings.model_copy(update={"temporal_address": f"127.0.0.1:{proxy.port}"}))
    await proxy.break_(Kind.REFUSE)
    with pytest.raises(RPCError):
        await client.get_workflow_handle("nowhere").describe(rpc_timeout=timedelta(seconds=4))
    async with asyncio.timeout(10):
        while not (told := [record for record in caplog.records if record.name == "temporalio.core"]):
            await asyncio.sleep(0.01)
    await proxy.stop()

    line = json.loads(JsonFormatter().format(told[0]))
    assert (line["level"], line["event"]) == ("warning", "temporalio.core")
    assert line["message"].startswith("gRPC call describe_workflow_execution retried")
    assert told[0].levelno == logging.WARNING
    assert "retried" not in capfd.readouterr().err
