"""A backup from before an erasure: whoever restores it, with every master key, cannot read who was erased since."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from enrichment.devstack.binaries import postgres_bin
from enrichment.errors import NotFound, StorageUnavailable
from enrichment.models import Job, JobStatus, JobType
from enrichment.service import EnrichmentQueue
from enrichment.settings import Settings
from tests.integration.models import Models, stack

CANARY = "Xq9zCanary"
KEYS = "enrichment_candidate_key"
FORMER, MASTER = (f"{name}:{base64.b64encode(name.encode() * 16).decode()}" for name in ("m1", "m2"))


@pytest.fixture
async def models(tmp_path: Path) -> AsyncIterator[Models]:
    async with stack(tmp_path, master_keys=MASTER) as started:
        yield started


async def postgres(program: str, *arguments: str, given: bytes = b"") -> bytes:
    """What one of PostgreSQL's own programs says."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        str(postgres_bin() / program), *arguments, stdin=pipe, stdout=pipe, stderr=pipe
    )
    said, errors = await running.communicate(given)
    assert running.returncode == 0, errors.decode()
    return said


async def completed(models: Models, candidate_id: str) -> Job:
    data = {
        "basics": {"name": CANARY, "summary": f"Engineer {CANARY}."},
        "work": [{"name": CANARY, "position": CANARY, "startDate": "2020-01", "summary": f"Built {CANARY}."}],
        "skills": [{"name": CANARY}],
    }
    words, _ = models.provider.mark("good")
    data["work"][0]["highlights"] = [words]  # type: ignore[index]
    job = await models.ended(
        await models.submit(data, type=JobType.COMPETENCE_FILE_GENERATION, candidate_id=candidate_id)
    )
    assert job.status is JobStatus.COMPLETED
    assert CANARY in str(job.result)
    return job


async def restored(models: Models, name: str, *dumps: bytes) -> Settings:
    """A database of that name, made of these dumps."""
    administrator = models.infrastructure.superuser_database_url
    owner = make_url(models.infrastructure.database_url)
    await postgres("psql", administrator, "-qc", f"CREATE DATABASE {name} OWNER {owner.username}")
    url = owner.set(database=name).render_as_string(hide_password=False)
    for dump in dumps:
        await postgres("psql", url, "-q", "-v", "ON_ERROR_STOP=1", given=dump)
    return models.settings.model_copy(update={"database_url": SecretStr(url)})


async def test_a_backup_cannot_tell_of_who_was_erased_since(models: Models) -> None:
    erased, kept = await asyncio.gather(completed(models, "cand-1"), completed(models, "cand-2"))
    url = models.infrastructure.database_url
    backup = await postgres("pg_dump", url, f"--exclude-table-data={KEYS}")
    for wording in (CANARY.encode(), base64.b64encode(CANARY.encode())[1:-4]):
        assert wording not in backup, "nothing of a candidate is in the clear"
    whole = await postgres("pg_dump", url)

    receipt = await models.queue.erase_candidate("cand-1")

    assert receipt.erased["keys"] == 1
    keys = await postgres("pg_dump", url, "--data-only", f"--table={KEYS}")
    async with await EnrichmentQueue.connect(await restored(models, "later", backup, keys)) as queue:
        with pytest.raises(NotFound):
            await queue.get_input(erased.job_id)
        assert (await queue.get_job_status(erased.job_id)).result is None
        assert CANARY not in (await queue.export_candidate("cand-1")).model_dump_json()
        assert CANARY in str(await queue.get_input(kept.job_id))
        assert CANARY in (await queue.export_candidate("cand-2")).model_dump_json()
    async with await EnrichmentQueue.connect(await restored(models, "careless", whole)) as queue:
        assert CANARY in str(await queue.get_input(erased.job_id)), "so the keys are to be left out of backups"


async def test_master_keys_change_while_what_they_have_wrapped_stays(models: Models) -> None:
    job = await completed(models, "cand-1")
    both, other = (
        models.settings.model_copy(update={"master_keys": SecretStr(keys)}) for keys in (f"{FORMER},{MASTER}", FORMER)
    )
    async with await EnrichmentQueue.connect(both) as queue:
        assert CANARY in str(await queue.get_input(job.job_id))
    async with await EnrichmentQueue.connect(other) as queue:
        with pytest.raises(StorageUnavailable, match="'m2'"):
            await queue.get_input(job.job_id)
        assert (await queue.cleanup()).deleted_jobs == 0


async def test_a_key_goes_when_nothing_is_left_that_it_has_sealed(models: Models) -> None:
    job = await completed(models, "cand-1")
    database = models.database
    for statement in (
        f"UPDATE {KEYS} SET used_at = now() - interval '2 days'",
        "UPDATE enrichment_response SET candidate_id = NULL",
    ):
        await database.execute(text(statement))
    count = text(f"SELECT count(*) FROM {KEYS} WHERE candidate_id = 'cand-1'")
    await models.queue.cleanup()
    assert (await database.execute(count)).scalar_one() == 1, "its job is there"
    await database.execute(text("DELETE FROM enrichment_job WHERE id = :id"), {"id": job.job_id})
    await models.queue.cleanup()
    assert (await database.execute(count)).scalar_one() == 0
