"""Settings from the environment, read and checked once, when a process starts."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from enrichment.notation import RULES, DatabaseUrl, HostAndPort, KeysFile, Models, NamedKeys, RedisUrl, names_in
from enrichment.queues import BANDS, BY_BAND, Queue

Slots = Annotated[int, Field(ge=1, le=1000)]
Names = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda value: names_in(value.lower()) if isinstance(value, str) else value),
]
"""Written with commas between."""


class SettingsError(Exception):
    """The environment is not usable; the message names every variable that is wrong and what it must be."""


class Settings(BaseSettings):
    """One field per variable; the variable's name is the field's in capitals, except where an alias says otherwise."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    database_url: DatabaseUrl = Field(
        default=SecretStr("postgresql://enrichment@127.0.0.1:5432/enrichment"),
        description="PostgreSQL, the record of every job",
    )
    redis_url: RedisUrl = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="Redis, for live progress only"
    )
    temporal_address: HostAndPort = Field(default="127.0.0.1:7233", description="Temporal's frontend, host:port")
    temporal_namespace: str = Field(default="default", description="Temporal's namespace")
    temporal_api_key: SecretStr | None = Field(default=None, description="API key of Temporal Cloud; switches TLS on")
    temporal_tls: bool = Field(default=False, description="TLS to Temporal without an API key")
    temporal_keys: NamedKeys | None = Field(
        default=None,
        alias="ENRICHMENT_TEMPORAL_KEYS",
        description="keys that encrypt what Temporal keeps, `id:base64` with commas between; the first one encrypts",
    )
    master_keys: NamedKeys | None = Field(
        default=None,
        alias="ENRICHMENT_MASTER_KEYS",
        description="keys that wrap the candidates' keys, `id:base64` with commas between; the first one wraps",
    )
    master_keys_file: KeysFile | None = Field(
        default=None, alias="ENRICHMENT_MASTER_KEYS_FILE", description="the same, from a file"
    )
    temporal_ui_url: str | None = Field(default=None, description="Temporal's Web UI, linked from the page")

    model: Models = Field(
        default=RULES,
        alias="ENRICHMENT_MODEL",
        description="`rules`, or models as `openai:NAME`; of several, with commas, the next answers where one fails",
    )
    model_base_url: str | None = Field(
        default=None, alias="ENRICHMENT_MODEL_BASE_URL", description="an OpenAI-compatible server for `openai:` models"
    )
    model_timeout_s: float = Field(
        default=120, gt=0, le=240, alias="ENRICHMENT_MODEL_TIMEOUT_S", description="longest answer of a model, seconds"
    )
    model_max_tokens: int = Field(
        default=8_000, ge=256, alias="ENRICHMENT_MODEL_MAX_TOKENS", description="longest answer of a model, tokens"
    )
    model_rpm: int | None = Field(
        default=None, ge=1, alias="ENRICHMENT_MODEL_RPM", description="requests a minute to each model, of all workers"
    )
    model_tpm: int | None = Field(
        default=None, ge=1, alias="ENRICHMENT_MODEL_TPM", description="tokens a minute to each model, of all workers"
    )
    response_days: int = Field(
        default=7,
        ge=1,
        le=36_500,
        alias="ENRICHMENT_RESPONSE_DAYS",
        description="days that a model's answer is kept for reuse",
    )
    openai_api_key: SecretStr | None = Field(default=None, description="key of `openai:` models")
    anthropic_api_key: SecretStr | None = Field(default=None, description="key of `anthropic:` models")
    api_host: str = Field(default="127.0.0.1", alias="ENRICHMENT_API_HOST", description="address the API listens on")
    api_port: int = Field(
        default=8000, ge=0, le=65535, alias="ENRICHMENT_API_PORT", description="port the API listens on"
    )
    api_keys_required: bool = Field(
        default=False,
        alias="ENRICHMENT_API_KEYS_REQUIRED",
        description="let only keys in; without, the API listens on loopback only",
    )
    key_pepper: SecretStr | None = Field(
        default=None, alias="ENRICHMENT_KEY_PEPPER", description="secret that the keys are hashed with"
    )
    allowed_hosts: Names = Field(
        default=(), alias="ENRICHMENT_ALLOWED_HOSTS", description="names that the API answers to beside loopback's"
    )
    cors_origins: Names = Field(
        default=(), alias="ENRICHMENT_CORS_ORIGINS", description="origins of other sites whose pages may call the API"
    )
    docs: bool = Field(
        default=False, alias="ENRICHMENT_DOCS", description="show the API's document at /docs, by Swagger UI from a CDN"
    )
    rate_limit: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}/(second|minute|hour|day)$")] | None = Field(
        default=None, alias="ENRICHMENT_RATE_LIMIT", description="requests of one key, as `600/minute`"
    )
    max_open_jobs: Annotated[int, Field(ge=1)] | None = Field(
        default=None, alias="ENRICHMENT_MAX_OPEN_JOBS", description="most jobs that a tenant has open at a time"
    )
    max_jobs_per_day: Annotated[int, Field(ge=1)] | None = Field(
        default=None, alias="ENRICHMENT_MAX_JOBS_PER_DAY", description="most jobs that a tenant submits in a day"
    )
    max_requests: int = Field(
        default=2_000, ge=1, alias="ENRICHMENT_MAX_REQUESTS", description="most requests that the API serves at a time"
    )
    max_connections: int = Field(
        default=10_000, ge=1, alias="ENRICHMENT_MAX_CONNECTIONS", description="most connections to the API at a time"
    )
    slots_critical: Slots = Field(
        default=5, alias="ENRICHMENT_SLOTS_CRITICAL", description="jobs at a time, per worker"
    )
    slots_high: Slots = Field(default=3, alias="ENRICHMENT_SLOTS_HIGH", description="jobs at a time, per worker")
    slots_normal: Slots = Field(default=2, alias="ENRICHMENT_SLOTS_NORMAL", description="jobs at a time, per worker")
    slots_low: Slots = Field(default=1, alias="ENRICHMENT_SLOTS_LOW", description="jobs at a time, per worker")
    bands: Annotated[tuple[str, ...], NoDecode] = Field(
        default=tuple(BY_BAND), alias="ENRICHMENT_QUEUES", description="bands that a worker serves, with commas between"
    )
    retention_days: int = Field(
        default=7, ge=1, le=36_500, alias="ENRICHMENT_RETENTION_DAYS", description="days that a finished job is kept"
    )
    max_body_bytes: int = Field(
        default=1_000_000, ge=1_000, alias="ENRICHMENT_MAX_BODY_BYTES", description="largest request body"
    )
    max_candidates: int = Field(
        default=1_000, ge=1, alias="ENRICHMENT_MAX_CANDIDATES", description="most candidates in one JSON bulk request"
    )
    max_upload_candidates: int = Field(
        default=100_000, ge=1, alias="ENRICHMENT_MAX_UPLOAD_CANDIDATES", description="most lines in one NDJSON bulk"
    )
    max_upload_bytes: int = Field(
        default=1_000_000_000,
        ge=1_000,
        alias="ENRICHMENT_MAX_UPLOAD_BYTES",
        description="largest NDJSON bulk, unpacked",
    )
    budget_tenant_day_usd: Annotated[float, Field(gt=0)] | None = Field(
        default=None, alias="ENRICHMENT_BUDGET_TENANT_DAY_USD", description="what a tenant may spend per day (UTC)"
    )
    budget_exhausted: Literal["wait", "fail"] = Field(
        default="wait",
        alias="ENRICHMENT_BUDGET_EXHAUSTED",
        description="what a job does when the day's budget is used up: wait for the next day, or fail",
    )
    webhook_loopback: bool = Field(
        default=False,
        alias="ENRICHMENT_WEBHOOK_LOOPBACK",
        description="let webhooks call this machine, and without TLS there; for development",
    )
    rehearsal: bool = Field(
        default=False,
        alias="ENRICHMENT_REHEARSAL",
        description="allow `options.rehearse` (delays and failures on demand)",
    )
    data_dir: Path = Field(
        default=Path(".enrich"), alias="ENRICHMENT_DATA_DIR", description="where `enrich dev` keeps its state"
    )

    @field_validator("master_keys_file")
    @classmethod
    def _alone(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("master_keys") is not None:
            raise ValueError("is set beside ENRICHMENT_MASTER_KEYS: use one of them")
        return value

    @field_validator("bands", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        names = names_in(value.lower()) if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not names or not set(names) <= set(BY_BAND):
            raise ValueError(f"names no queue: use some of {BANDS}")
        return tuple(names)

    def slots(self, queue: Queue) -> int:
        """Jobs of this queue that one worker process runs at a time."""
        slots: int = getattr(self, f"slots_{queue.band}")
        return slots

    @property
    def temporal_ui_origin(self) -> str | None:
        """The Web UI as browsers name it: scheme, host and port."""
        if self.temporal_ui_url is None:
            return None
        parts = urlsplit(self.temporal_ui_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.retention_days)


def load() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: some variables are wrong; all of them are named in one message.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = map(_said, error.errors(include_input=False))
        raise SettingsError("\n".join(("The environment is not usable:", *lines))) from None


def _said(fault: ErrorDetails) -> str:
    """A line: the environment variable behind a field's name or alias, and what is wrong with it."""
    return f"  {str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
