"""How Temporal is reached and what it is told: ids, task queues and search attributes, never a candidate's data."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from enrichment import payloads, queues
from enrichment.errors import Internal, StorageUnavailable, UnsupportedType
from enrichment.jobs.outbox import Dispatchable
from enrichment.models import JOB_TYPES, JobStatus, JobType
from enrichment.runs import JobRun
from enrichment.search_attributes import (
    CANDIDATE_ID,
    JOB_PRIORITY,
    JOB_STATUS,
    JOB_TENANT,
    JOB_TYPE,
    SEARCH_ATTRIBUTES,
)
from enrichment.settings import Settings

RPC_TIMEOUT = timedelta(seconds=5)
"""For each call to the server. A workflow's work is not bound by it."""
SIGNAL_TIMEOUT = timedelta(seconds=2)
"""For the signal that stops a cancelled job's work: the row has decided already, and a person waits."""


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """A client of the server in the settings. `lazy` connects at the first call: the start does not need Temporal.

    Raises:
        ConnectionError: the server does not answer.
    """
    try:
        return await Client.connect(
            settings.temporal_address,
            namespace=settings.temporal_namespace,
            api_key=settings.temporal_api_key.get_secret_value() if settings.temporal_api_key else None,
            tls=settings.temporal_tls or settings.temporal_api_key is not None,
            data_converter=payloads.converter(settings),
            lazy=lazy,
            runtime=_runtime(),
        )
    except RuntimeError:  # the SDK's word for it, with a page of transport errors
        raise ConnectionError(f"Temporal does not answer at {settings.temporal_address} (TEMPORAL_ADDRESS)") from None


@cache
def _runtime() -> Runtime:
    """The process's own. What the SDK's core warns of is in our log, and not beside it in colours.

    Only its sentences: the fields behind them quote answers of the server.
    """
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    warnings = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=warnings, forwarding=forwarding)))


async def register_search_attributes(client: Client) -> None:
    """Registers what is missing of ours in the client's namespace; a start with an unknown attribute is refused.

    Raises:
        RPCError: the server does not answer, or its operator must do it: Temporal Cloud does not let a client.
    """
    request = ListSearchAttributesRequest(namespace=client.namespace)
    registered = await client.operator_service.list_search_attributes(request, retry=True, timeout=RPC_TIMEOUT)
    missing = SEARCH_ATTRIBUTES.keys() - registered.custom_attributes.keys()
    if missing:
        await add_search_attributes(client, missing)


async def add_search_attributes(client: Client, names: Iterable[str]) -> None:
    """Registers these of ours."""
    kinds = {name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{SEARCH_ATTRIBUTES[name].upper()}") for name in names}
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=kinds)
    await client.operator_service.add_search_attributes(request, retry=True, timeout=RPC_TIMEOUT)


def workflow_id(job_id: str, run: int) -> str:
    return f"enrich-{job_id}.{run}"


async def start(client: Client, job: Dispatchable) -> None:
    """Starts the workflow of a job's run; that it was started before is success.

    Raises:
        Internal: Temporal will never take it.
        RPCError: Temporal does not answer now.
        UnsupportedType: a newer version of the product accepted the job.
    """
    if job.type not in JOB_TYPES:
        raise UnsupportedType(f"This worker's version knows no job of the type {job.type!r}")
    queue = queues.BY_TASK_QUEUE[job.queue]
    attributes: list[SearchAttributePair[Any]] = [
        SearchAttributePair(JOB_TYPE, job.type),
        SearchAttributePair(JOB_PRIORITY, job.priority),
        SearchAttributePair(JOB_STATUS, JobStatus.IN_PROGRESS),
        SearchAttributePair(JOB_TENANT, job.tenant),
    ]
    if job.candidate_id is not None:
        attributes.append(SearchAttributePair(CANDIDATE_ID, job.candidate_id))
    run = JobRun(
        job_id=job.id,
        run=job.run,
        tenant=job.tenant,
        priority_key=queue.priority_key(job.priority),
        max_retries=job.max_retries,
    )
    try:
        await client.start_workflow(
            JobType(job.type).workflow,
            run,
            id=workflow_id(job.id, job.run),
            task_queue=job.queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(attributes),
            static_summary=f"{job.type.replace('_', ' ')} · {queue.band} ({job.priority}) · run {job.run}",
            static_details=f"Job `{job.id}`, tenant `{job.tenant}`, candidate `{job.candidate_id or '-'}`",
            priority=Priority(priority_key=run.priority_key, fairness_key=run.fairness_key),
            request_eager_start=True,
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        return
    except RPCError as error:
        if _is_for_good(error):
            raise Internal("Temporal refuses to start this job's workflow") from None
        raise


def _is_for_good(refusal: RPCError) -> bool:
    """Not while search attributes are missing: some servers know them only a while after they were registered."""
    is_invalid = refusal.status is RPCStatusCode.INVALID_ARGUMENT
    return is_invalid and "search attribute" not in refusal.message.lower()


def handle(client: Client, job_id: str, run: int) -> "WorkflowHandle[object, object]":
    return client.get_workflow_handle(workflow_id(job_id, run))


async def delete(client: Client, job_id: str, run: int) -> bool:
    """Deletes a run with its history, and ends it if it still runs. False: there is no such run.

    Raises:
        StorageUnavailable: Temporal does not answer.
    """
    request = DeleteWorkflowExecutionRequest(
        namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id(job_id, run))
    )
    try:
        await client.workflow_service.delete_workflow_execution(request, retry=True, timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise StorageUnavailable("Temporal does not answer: repeat it later") from None
    return True


async def signal(client: Client, job_id: str, run: int, name: str, *values: str) -> bool:
    """Tells a run what its row says. False: Temporal does not answer; true also when there is no such run any more.

    The row has decided before this; the signal only makes the run know it sooner.
    """
    try:
        async with asyncio.timeout(SIGNAL_TIMEOUT.total_seconds()):
            await handle(client, job_id, run).signal(name, args=values, rpc_timeout=SIGNAL_TIMEOUT)
    except RPCError as error:
        return error.status is RPCStatusCode.NOT_FOUND
    except (TimeoutError, RuntimeError):
        return False
    return True


async def is_up(client: Client) -> bool:
    """Whether the server answers now."""
    try:
        async with asyncio.timeout(SIGNAL_TIMEOUT.total_seconds()):
            return await client.service_client.check_health(timeout=SIGNAL_TIMEOUT)
    except (RPCError, TimeoutError, RuntimeError):
        return False
