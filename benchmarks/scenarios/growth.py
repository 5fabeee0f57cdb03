"""(h) What changes when the table grows: the overviews' latency, and what one more job costs."""

from benchmarks import load
from benchmarks.bench import Bench
from benchmarks.scenario import Scenario, at_least, at_most

QUICK, FULL = (1_000, 10_000), (1_000, 10_000, 100_000, 1_000_000)
OVERVIEWS = {
    "stats": "/api/enrichment?action=stats",
    "list": "/api/enrichment/jobs?limit=50",
    "failed list": "/api/enrichment/jobs?status=failed&limit=50",
    "dashboard": "/api/queue/dashboard",
}
FLAT = 1.5

# As superuser, with the triggers off: what they would have counted is counted at the end, once.
_FILL = """
    INSERT INTO enrichment_job (id, tenant, candidate_id, type, status, priority, queue, created_at, started_at,
                                completed_at, payload, options, result, error, error_code, max_retries, dispatched_at,
                                checked_at)
    SELECT uuidv7(age)::text, 'default', 'c-' || n % 50000,
           (ARRAY['skills_optimization', 'experience_enhancement', 'candidate_profile_enhancement'])[1 + n % 3],
           CASE WHEN n % 50 = 0 THEN 'failed' WHEN n % 200 = 1 THEN 'cancelled' ELSE 'completed' END,
           (ARRAY[20, 10, 5, 1])[1 + n % 4],
           (ARRAY['enrichment-critical', 'enrichment-high', 'enrichment-normal', 'enrichment-low'])[1 + n % 4],
           now() + age, now() + age, now() + age + interval '2 seconds', $2::jsonb, '{"asOf": "2026-01-01"}',
           CASE WHEN n % 50 <> 0 AND n % 200 <> 1 THEN $2::jsonb END,
           CASE WHEN n % 50 = 0 THEN 'The provider is busy' END,
           CASE WHEN n % 50 = 0 THEN 'provider_overloaded' END, 3, now() + age, now() + age
    FROM generate_series(1, $1::integer) AS n,
         LATERAL (SELECT -interval '1 hour' - n * interval '0.5 seconds') AS before (age)
"""
_EVENTS = """
    INSERT INTO enrichment_event (job_id, run, from_status, to_status, at)
    SELECT id, 1, 'in_progress', status, completed_at FROM enrichment_job
"""
_COUNTS = """
    INSERT INTO enrichment_job_count (tenant, queue, type, status, error_code, shard, jobs)
    SELECT tenant, queue, type, status, CASE status WHEN 'failed' THEN error_code ELSE '' END, 0, count(*)
    FROM enrichment_job GROUP BY 1, 2, 3, 4, 5
"""
_THROUGHPUT = """
    INSERT INTO enrichment_throughput (minute, tenant, queue, status, shard, jobs, seconds)
    SELECT date_trunc('minute', completed_at), tenant, queue, status, 0, count(*), 2 * count(*)
    FROM enrichment_job GROUP BY 1, 2, 3, 4
"""
_PAYLOAD = '{"basics": {"name": "Ada Example"}, "skills": [{"name": "python"}, {"name": "Postgres"}]}'


async def run(bench: Bench) -> None:
    sizes = bench.pick(QUICK, FULL)
    async with bench.ours.awake():
        await bench.jobs(bench.ours, 100)  # warm, for the first size as for the others
    for rows in (*sizes, *sizes[-2::-1]):  # up and down: a machine that grows slower meanwhile is no growth
        await _fill(bench, rows)
        for _ in range(2 if rows == sizes[-1] else 1):
            await _overviews(bench, rows)
            await _jobs(bench, rows)
    await bench.clear()


async def _fill(bench: Bench, rows: int) -> None:
    database = bench.database
    await bench.clear()
    async with database.transaction():
        await database.execute("SET LOCAL session_replication_role = replica")
        await database.execute(_FILL, rows, _PAYLOAD)
        for statement in (_EVENTS, _COUNTS, _THROUGHPUT):
            await database.execute(statement)
    await database.execute("VACUUM ANALYZE")  # as autovacuum leaves it; now, and not in the middle of a measurement


async def _overviews(bench: Bench, rows: int) -> None:
    async with bench.ours.awake():
        for name, path in OVERVIEWS.items():
            url = bench.stack.api_url + path
            await load.send_all(url, [load.get(url)] * 10, 1)  # warm
            for _ in range(bench.pick(1, 2)):
                answered = await load.send_all(url, [load.get(url)] * bench.pick(40, 60), 1)
                bench.add(f"{name}, p95 at {rows:,} rows", "ms", answered.percentile(0.95))


async def _jobs(bench: Bench, rows: int) -> None:
    count = bench.pick(60, 100)
    async with bench.ours.awake():
        await bench.jobs(bench.ours, 20)  # warm
        _, used = await bench.jobs(bench.ours, count)
    bench.add(f"CPU per job at {rows:,} rows", "ms", used.total_s * 1000 / count)
    bench.add(f"PostgreSQL's CPU per job at {rows:,} rows", "ms", used.cpu_s["postgres"] * 1000 / count)


_OVER = "{}, p95 at 1,000,000 rows"
_UNDER = "{}, p95 at 10,000 rows"
_COST = "CPU per job at {} rows"

SCENARIO = Scenario(
    name="growth",
    question="What do the overviews, and one more job, cost when there are a thousand to a million rows?",
    peer="none: each size is held against a smaller one",
    goals=(
        *(at_most(_OVER.format(name), 50) for name in OVERVIEWS),
        *(at_most(_OVER.format(name), FLAT, baseline=_UNDER.format(name)) for name in OVERVIEWS),
        *(at_most(_COST.format(f"{rows:,}"), 1.1, baseline=_COST.format(f"{FULL[0]:,}")) for rows in FULL[1:]),
        *(at_least(_COST.format(f"{rows:,}"), 0.9, baseline=_COST.format(f"{FULL[0]:,}")) for rows in FULL[1:]),
    ),
    run=run,
)
