"""The tables as the code sees them. The migrations own the schema; a test holds these classes against it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSONB, datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012 SQLAlchemy's name


class JobRow(Base):
    """One job. The row is the record; Temporal executes it and Redis shows it."""

    __tablename__ = "enrichment_job"

    id: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(server_default=text("1"))
    tenant: Mapped[str]
    candidate_id: Mapped[str | None]
    type: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    priority: Mapped[int] = mapped_column(SmallInteger)
    queue: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    run_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    payload: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    error_code: Mapped[str | None]
    retry_count: Mapped[int] = mapped_column(server_default=text("0"))
    retries_before_run: Mapped[int] = mapped_column(server_default=text("0"))
    """What `retry_count` was when this run began: attempts of the run are counted on from it."""
    max_retries: Mapped[int]
    webhook_id: Mapped[str | None] = mapped_column(ForeignKey("enrichment_webhook.id"))
    """Who is told when it ends."""
    milestone: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    """The percentage that this run is known to have reached."""
    retry_at: Mapped[datetime | None]
    """When the next attempt is due, while the job waits for it."""
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"))
    batch: Mapped[int | None]
    """Which batch of its parent it is in; none for a job with a workflow of its own."""
    lane: Mapped[int | None] = mapped_column(SmallInteger)
    """Which lane of its parent has it in hand."""
    input_hash: Mapped[str | None]
    """Of what is enriched, without the candidate's id: equal hashes give equal results."""
    twin_of: Mapped[str | None]
    """The first child of the same bulk with the same hash: this one takes over its result."""
    reused_from: Mapped[str | None]
    """The job whose result this one has taken over."""
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[str | None]
    """SHA-256 of the request, to tell a repeated request from another one under the same key."""
    claimed_at: Mapped[datetime | None]
    """When a dispatcher took the row to start its workflow; a claim that is not followed up expires."""
    dispatched_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    """When the sweeper last saw, or the dispatcher made, the workflow of an open row."""
    provider: Mapped[str | None]
    model: Mapped[str | None]
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cost_usd: Mapped[float | None]
    review: Mapped[str | None]
    """What a person has said of the result: `approved` or `rejected`; none while it is a draft."""
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    answers_since: Mapped[datetime | None]
    """When an earlier run's result was rejected: the next is made of no answer that was kept by then."""

    __table_args__ = (
        CheckConstraint(
            "status IN ('pending','in_progress','completed','failed','cancelled')", name="job_status_known"
        ),
        CheckConstraint(
            "(status IN ('completed','failed','cancelled')) = (completed_at IS NOT NULL)", name="job_terminal_has_end"
        ),
        CheckConstraint("status <> 'completed' OR result IS NOT NULL", name="job_completed_has_result"),
        CheckConstraint("status <> 'failed' OR error_code IS NOT NULL", name="job_failed_has_code"),
        CheckConstraint("run >= 1 AND retry_count >= 0 AND max_retries >= 0", name="job_counts_positive"),
        CheckConstraint("review IN ('approved','rejected')", name="job_review_known"),
        CheckConstraint("review IS NULL OR status = 'completed'", name="job_review_of_result"),
        UniqueConstraint("tenant", "idempotency_key", name="job_idempotency_key"),
        Index("job_candidate", "candidate_id", "type"),
        Index("job_status", "status"),
        Index("job_list", "tenant", "id"),
        Index("job_list_status", "tenant", "status", "id"),
        Index("job_list_type", "tenant", "type", "id"),
        Index("job_list_queue", "tenant", "queue", "id"),
        Index("job_list_error", "tenant", "error_code", "id", postgresql_where=text("status = 'failed'")),
        Index("job_list_top", "tenant", "id", postgresql_where=text("parent_id IS NULL")),
        Index("job_children", "parent_id", "id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("job_children_status", "parent_id", "status", "id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "job_children_retry",
            "parent_id",
            "retry_at",
            postgresql_where=text("status = 'in_progress' AND batch IS NOT NULL AND retry_at IS NOT NULL"),
        ),
        Index(
            "job_twins",
            "parent_id",
            "id",
            postgresql_where=text("status = 'pending' AND twin_of IS NOT NULL"),
        ),
        Index(
            "job_open",
            "queue",
            postgresql_where=text(
                "status IN ('pending', 'in_progress') AND dispatched_at IS NOT NULL AND batch IS NULL"
            ),
        ),
        Index(
            "job_outbox",
            "queue",
            text("priority DESC"),
            "id",
            postgresql_where=text("status IN ('pending', 'in_progress') AND dispatched_at IS NULL AND run_at IS NULL"),
        ),
        Index(
            "job_scheduled",
            "run_at",
            postgresql_where=text(
                "status IN ('pending', 'in_progress') AND dispatched_at IS NULL AND run_at IS NOT NULL"
            ),
        ),
        Index("job_waiting", "tenant", "queue", "id", postgresql_where=text("status = 'pending'")),
        Index(
            "job_line",
            "tenant",
            "queue",
            text("priority DESC"),
            "id",
            postgresql_where=text("status = 'pending' AND batch IS NULL"),
        ),
        Index(
            "job_bulks_open",
            "tenant",
            "queue",
            postgresql_where=text("type = 'bulk_candidate_enrichment' AND status IN ('pending', 'in_progress')"),
        ),
        Index(
            "job_unchecked",
            "checked_at",
            postgresql_where=text(
                "status IN ('pending', 'in_progress') AND dispatched_at IS NOT NULL AND batch IS NULL"
            ),
        ),
        Index("job_ended", "completed_at", postgresql_where=text("completed_at IS NOT NULL")),
        Index("job_failed", "completed_at", postgresql_where=text("status = 'failed'")),
        Index(
            "job_bulks_ended",
            "completed_at",
            postgresql_where=text("type = 'bulk_candidate_enrichment' AND status IN ('cancelled', 'failed')"),
        ),
        Index("job_cancelled", "completed_at", postgresql_where=text("status = 'cancelled'")),
    )


class QueueRow(Base):
    """A task queue that somebody has paused; one without a row never was."""

    __tablename__ = "enrichment_queue"

    queue: Mapped[str] = mapped_column(primary_key=True)
    paused_at: Mapped[datetime | None]
    """None: it goes on."""
    resumed_at: Mapped[datetime | None]


class EventRow(Base):
    """One change of a job's state, written in the statement that made it. Never updated."""

    __tablename__ = "enrichment_event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"))
    run: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    reason: Mapped[str | None]

    __table_args__ = (Index("event_job", "job_id", "id"),)


class DocumentRow(Base):
    """A rendered competence file."""

    __tablename__ = "enrichment_document"

    job_id: Mapped[str] = mapped_column(ForeignKey("enrichment_job.id", ondelete="CASCADE"), primary_key=True)
    format: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[int]
    content: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WorkerRow(Base):
    """A worker process that was alive at `seen_at`; `slots` and `running` hold a number per band."""

    __tablename__ = "enrichment_worker"

    id: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    slots: Mapped[dict[str, Any]]
    running: Mapped[dict[str, Any]]


class ActionRow(Base):
    """Cancelling or retrying all jobs that match `filter`, and how far that is."""

    __tablename__ = "enrichment_action"

    id: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    action: Mapped[str]
    filter: Mapped[dict[str, Any]]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(server_default=text("0"))
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    cursor: Mapped[str]
    """Jobs with lower ids are left."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    claimed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("action_open", "id", postgresql_where=text("ended_at IS NULL")),)


class CountRow(Base):
    """How many jobs there are of each kind, kept by triggers so that no reader counts the jobs themselves.

    Every database connection adds to a row of its own (`shard`), so that writers do not wait for each other; a single
    row can be negative, the sum over the shards is exact.
    """

    __tablename__ = "enrichment_job_count"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    error_code: Mapped[str] = mapped_column(primary_key=True)
    """`''` for a job that did not fail."""
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jobs: Mapped[int] = mapped_column(BigInteger)


class ThroughputRow(Base):
    """What ended in each minute, kept by the same triggers: `seconds` is the sum of the processing times."""

    __tablename__ = "enrichment_throughput"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jobs: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float]
