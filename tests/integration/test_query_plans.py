"""Each query that runs often follows an index: none reads a table that grows with the jobs from end to end."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from enrichment import statistics
from enrichment.access import wall
from enrichment.audit import entries
from enrichment.db import Database, dsn
from enrichment.erasure import exports
from enrichment.erasure import records as erasures
from enrichment.jobs import (
    attempts,
    batches,
    documents,
    lanes,
    outbox,
    pauses,
    queries,
    standings,
    transitions,
    upkeep,
    workload,
)
from enrichment.jobs.lanes import Turn
from enrichment.models import JobStatus, JobType, ReviewStatus
from enrichment.responses import store as responses
from enrichment.responses.store import Question
from enrichment.review import reviews
from enrichment.review.reviews import Decision
from enrichment.settings import Settings
from enrichment.spending import budgets, ledger
from enrichment.spending.budgets import Reservation
from enrichment.spending.ledger import Call, Spender
from enrichment.webhooks import deliveries
from enrichment.webhooks import upkeep as webhooks
from enrichment.webhooks.deliveries import Round

GROWING = {
    "enrichment_job", "enrichment_event", "enrichment_document", "enrichment_throughput", "enrichment_audit",
    "enrichment_review_edits", "enrichment_usage", "enrichment_budget", "enrichment_reservation",
    "enrichment_delivery", "enrichment_response",
}  # fmt: skip
ROWS = 20_000
"""Enough that reading a whole table clearly costs the planner more; of the narrow throughput rows, five times that."""

SEED = f"""
    INSERT INTO enrichment_job (id, tenant, candidate_id, type, status, priority, queue, payload, options, max_retries,
                                result, completed_at, started_at, error_code, dispatched_at, checked_at, parent_id,
                                batch)
    SELECT 'plan-' || n, 'plans', 'c' || n % 5000, 'skills_optimization',
           CASE WHEN n % 20 = 0 THEN 'pending' WHEN n % 21 = 0 THEN 'failed' ELSE 'completed' END, 5,
           'enrichment-low', '{{}}', '{{}}', 3, '{{}}',
           CASE WHEN n % 20 = 0 THEN NULL ELSE now() - n * interval '1 second' END, now() - n * interval '2 seconds',
           CASE WHEN n % 21 = 0 THEN 'internal' END, now(), now() + interval '1 day',
           CASE WHEN n % 10 = 3 THEN 'plan-' || (n / 100) * 100 + 1 END, CASE WHEN n % 10 = 3 THEN 0 END
    FROM generate_series(1, {ROWS}) AS n
    ON CONFLICT DO NOTHING
"""
DOCUMENTS = """
    INSERT INTO enrichment_document (job_id, format, run, content)
    SELECT id, 'md', 1, '\\x78' FROM enrichment_job WHERE tenant = 'plans'
"""
THROUGHPUT = f"""
    INSERT INTO enrichment_throughput (minute, tenant, queue, status, shard, jobs, seconds)
    SELECT now() - n * interval '1 minute', 'plans', 'enrichment-low', 'completed', 0, 1, 1
    FROM generate_series(1, {5 * ROWS}) AS n
"""
EDITS = """
    INSERT INTO enrichment_review_edits (job_id, run, edits)
    SELECT id, 1, '[]' FROM enrichment_job WHERE tenant = 'plans' AND status = 'completed'
"""
AUDIT = """
    INSERT INTO enrichment_audit (tenant, job_id, run, act, actor, type, input_hash)
    SELECT tenant, id, 1, 'completed', 'system', type, '' FROM enrichment_job WHERE tenant = 'plans'
"""
USAGE = """
    INSERT INTO enrichment_usage
    SELECT id, 1, 1, 'openai', 'm', 1, 0, 0, 0, 1, 1, 1 FROM enrichment_job WHERE tenant = 'plans'
"""
BUDGETS = "INSERT INTO enrichment_budget SELECT id, tenant, id, 0, 1 FROM enrichment_job WHERE tenant = 'plans'"
RESERVATIONS = """
    INSERT INTO enrichment_reservation SELECT id, ARRAY[id], 1, now() + interval '1 day'
    FROM enrichment_job WHERE tenant = 'plans'
"""
WEBHOOK = "INSERT INTO enrichment_webhook VALUES ('plans', 'plans', 'https://plans.invalid/', '')"
DELIVERIES = """
    INSERT INTO enrichment_delivery (job_id, run, tenant, webhook_id, status, ended_at)
    SELECT id, 1, 'plans', 'plans', 'delivered', now() FROM enrichment_job WHERE tenant = 'plans'
"""
RESPONSES = """
    INSERT INTO enrichment_response (key, tenant, candidate_id, job_id, run, model, prompt_version, leased_until,
                                     expires_at, response)
    SELECT CAST(id AS bytea), 'plans', candidate_id, id, 1, 'm', 'v1', now(), now() + interval '1 day', '{}'
    FROM enrichment_job WHERE tenant = 'plans'
"""
EVENTS = """
    INSERT INTO enrichment_event (job_id, run, to_status)
    SELECT id, 1, 'pending' FROM enrichment_job WHERE tenant = 'plans'
"""


@pytest.fixture(scope="module")
async def many_rows(database: Database, settings: Settings) -> Database:
    connection = await asyncpg.connect(dsn(settings))  # the product's own gives no statement so long
    await connection.execute(SEED)
    for statement in (EVENTS, DOCUMENTS, EDITS, AUDIT, USAGE, BUDGETS, RESERVATIONS, WEBHOOK, DELIVERIES, RESPONSES):
        await connection.execute(statement)
    await connection.execute(THROUGHPUT)
    for table in GROWING:
        await connection.execute(f"ANALYZE {table}")
    await connection.close()
    return database


QUESTION = Question(b"asked", "plan-7", 1, "m", "v1", refresh=False)
BUDGET = budgets.Budget.of_job("plans", "plan-7", Decimal(10))
ENDING = transitions.RunEnding("plan-7", 1, transitions.Outcome(JobStatus.CANCELLED))
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)

CASES: dict[str, Callable[[Database], Awaitable[object]]] = {
    "one job": lambda db: queries.get(db, "plans", "plan-7"),
    "states of several": lambda db: queries.statuses(db, ["plan-7", "plan-8"]),
    "list": lambda db: queries.page(db, "plans", queries.Filter(), limit=50, cursor="plan-9"),
    "list by status": lambda db: queries.page(
        db, "plans", queries.Filter(status=JobStatus.FAILED), limit=50, cursor="plan-9"
    ),
    "list by type": lambda db: queries.page(
        db, "plans", queries.Filter(type=JobType.SKILLS_OPTIMIZATION), limit=50, cursor=None
    ),
    "list by priority": lambda db: queries.page(
        db, "plans", queries.Filter(queue="enrichment-low", priority=5), limit=50, cursor=None
    ),
    "list without children": lambda db: queries.page(
        db, "plans", queries.Filter(without_children=True), limit=20, cursor=None
    ),
    "list by candidate": lambda db: queries.page(db, "plans", queries.Filter(candidate_id="c7"), limit=50, cursor=None),
    "list by error": lambda db: queries.page(db, "plans", queries.Filter(error_code="internal"), limit=50, cursor=None),
    "list by id": lambda db: queries.page(db, "plans", queries.Filter(id_begins="019ab3c2"), limit=50, cursor=None),
    "matching": lambda db: queries.matching(
        db, "plans", queries.Filter(statuses=(JobStatus.FAILED, JobStatus.CANCELLED)), limit=50, before="plan-9"
    ),
    "count": lambda db: queries.count(db, "plans", queries.Filter(status=JobStatus.FAILED), at_most=1000),
    "input": lambda db: queries.payload(db, "plans", "plan-7"),
    "place in line": lambda db: db.execute(
        queries._AHEAD,
        {"tenant": "plans", "queue": "enrichment-low", "priority": 4, "job_id": "plan-7", "at_most": 1000},
    ),
    "what holds bulks": lambda db: batches.holds(db, ["plan-101", "plan-201"]),
    "error groups": lambda db: statistics.error_groups(db, "plans", {"internal": 5}),
    "whether a run is held": lambda db: pauses.is_held(db, "plan-7"),
    "children": lambda db: queries.page(db, "plans", queries.Filter(parent_id="plan-101"), limit=50, cursor=None),
    "events": lambda db: queries.events(db, "plans", "plan-7"),
    "document": lambda db: documents.get(db, "plans", "plan-7", "md"),
    "audit": lambda db: entries.of_job(db, "plans", "plan-7"),
    "review": lambda db: reviews.review(db, "plans", "plan-7", 1, Decision(ReviewStatus.REJECTED, "me")),
    "reserve": lambda db: budgets.reserve(db, Reservation((BUDGET,)), BUDGET.usd / 2),
    "release": lambda db: budgets.release(db, Reservation((BUDGET,), "plan-7")),
    "release expired": lambda db: budgets.release_expired(db),
    "forget ended calls": lambda db: budgets.forget_ended(db),
    "settle": lambda db: ledger.settle(
        db, Spender("plans", "plan-7", 1, 1), Call("openai", "m"), Reservation((BUDGET,), "plan-8")
    ),
    "usage by attempt": lambda db: ledger.by_attempt(db, "plans", "plan-7"),
    "reserve a question": lambda db: responses.reserve(db, QUESTION, timedelta(days=1)),
    "store a response": lambda db: responses.store(db, QUESTION, {}, timedelta(days=1)),
    "answered candidates": lambda db: responses.answered(db, "plans", "m", "v1", [("none", "0"), (None, "1")]),
    "renew a question": lambda db: responses.renew(db, QUESTION),
    "release a question": lambda db: responses.release(db, QUESTION),
    "discard responses": lambda db: responses.discard(db, [b"none"]),
    "discard a job's responses": lambda db: responses.discard_of_job(db, "plan-7"),
    "erase responses": lambda db: responses.erase(db, "plans", "none"),
    "erase jobs' responses": lambda db: responses.erase_of_jobs(db, ["none"]),
    "forget responses": lambda db: responses.forget_expired(db),
    "held of a candidate": lambda db: erasures.held(db, "plans", "c7"),
    "export": lambda db: exports.export(db, "plans", "c7"),
    "delete a candidate's jobs": lambda db: erasures.delete(db, "nobody", ["plan-7"]),
    "pace": lambda db: workload.pace(db, "plans", JobType.SKILLS_OPTIMIZATION, "low", by_rules=True),
    "claim deliveries": lambda db: deliveries.claim(db, 20),
    "mark deliveries": lambda db: deliveries.mark_started(db, [Round("plan-7", 1, 1)]),
    "what to tell": lambda db: deliveries.telling(db, "plan-7", 1),
    "record a delivery": lambda db: deliveries.record(db, "plan-7", 1, "dead"),
    "deliveries under way": lambda db: webhooks.unchecked(db, 200),
    "checked deliveries": lambda db: webhooks.checked(db, [Round("plan-7", 1, 1)]),
    "open deliveries again": lambda db: webhooks.open_again(db, [Round("plan-7", 1, 1)]),
    "count lost deliveries": lambda db: webhooks.count_and_open_again(db, [Round("plan-7", 1, 1)], "internal"),
    "redeliver": lambda db: deliveries.redeliver(db, "plan-9"),
    "recent deliveries": lambda db: deliveries.recent(db, "plans", None, 50),
    "dead deliveries": lambda db: deliveries.recent(db, "plans", "dead", 50),
    "claim": lambda db: outbox.claim(db, ["enrichment-low"], 20),
    "whether something has begun": lambda db: outbox.has_begun(db, ["enrichment-low"]),
    "begin": lambda db: attempts.begin(db, "plan-7", 1, 1),
    "reach": lambda db: attempts.reach(db, "plan-7", 1, 50),
    "save": lambda db: attempts.save(db, "plan-7", 1, {}),
    "make due": lambda db: attempts.make_due(db, "Waiting for the next day's budget", "", 100),
    "finish": lambda db: transitions.finish(db, "plan-7", 1, transitions.Outcome(JobStatus.CANCELLED)),
    "cancel": lambda db: transitions.cancel(db, "plans", "plan-101", "why"),
    "retry": lambda db: transitions.retry(db, "plans", "plan-101"),
    "what a retry opens": lambda db: transitions.reopened(db, "plans", "plan-101"),
    "the turns of lanes": lambda db: lanes.take_turns(db, "plan-101", 1, [Turn(0, 25, [ENDING]), Turn(1, 25)]),
    "take a lane's jobs back": lambda db: lanes.take_back(db, "plan-101", 1, 0),
    "next retry of a bulk": lambda db: lanes.next_retry_in(db, "plan-101"),
    "whether anyone waits": lambda db: lanes.is_anyone_waiting(db, "plan-101"),
    "results of a bulk": lambda db: anext(standings.ended(db, "plans", "plan-101", [JobStatus.COMPLETED])),
    "cancel what is open of a bulk": lambda db: batches.cancel_open(db, "plan-101", 1),
    "reopen a bulk": lambda db: batches.reopen(db, "plan-101", 1),
    "bulks that ended by half": lambda db: upkeep.half_ended(db, 200),
    "how far a bulk is": lambda db: standings.tally(db, "plan-101", 1),
    "open rows": lambda db: upkeep.unchecked(db, 200),
    "cancelled rows": lambda db: upkeep.cancelled(db, 200),
    "forgotten rows": lambda db: upkeep.forgotten(db, ["enrichment-low"], 200),
    "throughput": lambda db: statistics.throughput(db, "plans", HOUR_AGO),
    "stats": lambda db: statistics.stats(db, "plans"),
    "load": lambda db: workload.load(db, "plans"),
    "cleanup": lambda db: upkeep.delete_ended(db, timedelta(days=365)),
}


ASKED_BY_THE_API = (
    "one job", "list", "list by status", "list by type", "list by priority", "list without children",
    "list by candidate", "children", "events", "document", "cancel", "retry", "what a retry opens",
    "cancel what is open of a bulk", "results of a bulk", "throughput", "stats", "load", "place in line",
    "what holds bulks",
)  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_no_query_scans_a_table_that_grows(many_rows: Database, settings: Settings, name: str) -> None:
    connection = await asyncpg.connect(dsn(settings))
    assert await scans(many_rows, connection, CASES[name]) == []
    await connection.close()


@pytest.mark.parametrize("name", ASKED_BY_THE_API)
async def test_nor_does_it_behind_the_wall(many_rows: Database, settings: Settings, name: str) -> None:
    walled = Database.connect(settings, application="plans", pool_size=1, is_walled=True)
    connection = await asyncpg.connect(dsn(settings), server_settings={"role": wall.ROLE, wall.TENANT: "plans"})
    assert await scans(walled.for_tenant("plans"), connection, CASES[name]) == []
    await connection.close()
    await walled.close()


async def scans(
    database: Database, connection: asyncpg.Connection, case: Callable[[Database], Awaitable[object]]
) -> list[str]:
    """The growing tables that the case's statements read from end to end, as `connection` plans them."""
    statements: list[tuple[str, Sequence[Any]]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Sequence[Any], *_: Any) -> None:
        statements.append((statement, parameters))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    await case(database)
    event.remove(engine, "before_cursor_execute", note)
    plans = [
        json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters))[0]["Plan"]
        for statement, parameters in statements
    ]
    assert plans
    return [table for plan in plans for table in scanned(plan) if table in GROWING]


def scanned(node: dict[str, Any]) -> list[str]:
    """The tables that this plan reads from end to end."""
    here = [node["Relation Name"]] if node["Node Type"] == "Seq Scan" else []
    return [*here, *(table for child in node.get("Plans", ()) for table in scanned(child))]
