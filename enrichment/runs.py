"""What crosses into Temporal: the activities' names, and one input and one output per workflow and activity.

Ids and numbers, never a candidate's data. Histories outlive a deployment, so every new field has a default.
"""

from enum import StrEnum
from hashlib import sha256

from pydantic import BaseModel, ConfigDict


class Activity(StrEnum):
    """The activities, by the names that histories hold."""

    ENRICH = "enrich"
    RENDER = "render"
    FINISH = "finish"
    OPEN_BULK = "open_bulk"
    RUN_LANE = "run_lane"
    JUDGE_CANARIES = "judge_canaries"
    CLOSE_BULK = "close_bulk"
    SWEEP = "sweep"
    CLEAN_UP = "clean_up"
    DELIVER = "deliver"


DELIVER_WEBHOOK = "WebhookDelivery"
"""The workflow, by the name that it is started by."""
DELIVERY_ATTEMPTS = 8
"""How often an endpoint is told of an ending at most, until somebody has it delivered again."""

POSTPONED = "postponed"
"""The type of an attempt's failure that does not count: it is to be made again, after the delay that it names."""


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class JobRun(Shape):
    """One run of one job: the input of its workflow and of each of its activities."""

    job_id: str
    run: int
    tenant: str
    priority_key: int
    """Where the job stands in its task queue: 1 is served first, 5 last."""
    max_retries: int
    attempt: int = 1
    """Which attempt of the run this is; those that were put off do not count."""
    milestone: int = 0
    """The percentage that earlier attempts have reached, and that is never fallen back from."""
    is_last_step: bool = False
    """The activity writes the ending together with its result, so that no other has to; it answers with the status."""

    @property
    def fairness_key(self) -> str:
        """Whose jobs share a task queue evenly with those of others. Temporal takes at most 64 bytes."""
        name = self.tenant.encode()
        return self.tenant if len(name) <= 64 else sha256(name).hexdigest()


class Ending(Shape):
    """How a run ends, as its workflow saw it."""

    job: JobRun
    status: str
    error_code: str | None = None
    error: str | None = None


class BulkRun(JobRun):
    """A run of a bulk, which goes on as a new one when its history has grown long."""


class Plan(Shape):
    """How a bulk is run: in so many lanes at a time.

    After about `events_per_run` events the workflow goes on as a new run, so that no history grows long.
    """

    lanes: int
    at_once: int = 25
    """The most jobs that a lane begins at a time."""
    canaries_until: str | None = None
    """The id of the last candidate of those that run first; None when all may run."""
    events_per_run: int = 6_000


class LaneRun(Shape):
    """One lane of a bulk, numbered from 0: the input of its activity."""

    bulk: BulkRun
    lane: int
    at_once: int
    until: str | None = None
    """Only candidates up to this id."""


class Slice(Shape):
    """What a lane's activity tells when it gives its slot back. Nothing left: the lane has ended."""

    is_left: bool
    wait_s: float = 0.0
    """How long until the first job of those left is due; 0: at once."""
    lanes: int = 0
    """How many lanes there may be now: workers come and go."""


class DeliveryRun(Shape):
    """An ending that an endpoint is told of, so many times at most: the input of its workflow and its activity."""

    job_id: str
    run: int
    round: int | None = None
    """Which beginning of the delivery this is. None: a version began it that did not say."""
    most_attempts: int = DELIVERY_ATTEMPTS
    attempts_before: int = 0
    """How many were made before somebody had it delivered again; they do not count."""


class Cleaned(Shape):
    """What a cleanup deleted."""

    deleted_jobs: int
    deleted_progress: int


class Swept(Shape):
    """What a sweep found among the open rows it looked at."""

    looked_at: int
    dispatched_again: int
    failed: int
    stopped: int = 0
    untold: int = 0
    """Rows of whose workflow Temporal could say nothing."""
    webhooks_lost: int = 0
    """Deliveries without their workflow: they are begun again."""
